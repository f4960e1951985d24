"""`python -m benchmarks.dns_gap`: seconds from the delete of a replace until the new hostname is CONNECTED.

BIND serves the zone, Unbound is the resolver of whoever checks (its cache is what costs time), and the emulator checks by DNS.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import dns.message
import dns.query
from dns_servers import TSIG, bind, free_port, unbound

NEGATIVE_TTL = 30  # seconds, as the zone's SOA says
HEAD = f"$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 {NEGATIVE_TTL}\n@ NS ns\nns A 127.0.0.1\n"
OLD, NEW = "old.example.com", "new.example.com"
KEY = {"Authorization": "Bearer sk_gap"}
VARIANTS = {
    "`apply`, then `dns sync`, then `verify --wait`": [
        ["apply", "--auto-approve"],
        ["dns", "sync", "--auto-approve"],
        ["verify", "--wait", "3m"],
    ],
    "`apply --publish --wait`": [["apply", "--auto-approve", "--publish", "octodns.yaml", "--wait", "3m"]],
    "`dns sync --ahead`, then `apply --publish --wait`": [
        ["dns", "sync", "--ahead", "--auto-approve"],
        [],  # until the resolver has forgotten
        ["apply", "--auto-approve", "--publish", "octodns.yaml", "--wait", "3m"],
    ],
}


def main() -> None:
    """Measure every variant, with and without a cached absence, and print the table."""
    print("| how | the resolver knows nothing | the resolver has cached that the name is missing |")
    print("| --- | --- | --- |")
    for name, commands in VARIANTS.items():
        fresh, cached = (measure(commands, cached=cached) for cached in (False, True))
        print(f"| {name} | {fresh:.1f} s | {cached:.1f} s |", flush=True)


def measure(commands: list[list[str]], *, cached: bool) -> float:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        zone = stack.enter_context(bind(folder / "bind", {"example.com": HEAD}))
        resolver = stack.enter_context(unbound(folder / "unbound", {"example.com": [f"127.0.0.1@{zone}"]}))
        url = f"http://127.0.0.1:{free_port()}"
        emulator = subprocess.Popen(
            [
                *(sys.executable, "-m", "reconciler", "emulator", "--port", url.rpartition(":")[2]),
                *("--set", "check=dns", "--dns-server", f"127.0.0.1:{resolver}"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(emulator.wait)
        stack.callback(emulator.terminate)
        run = runner(folder, url, zone)
        wait_for(url)
        manifest(folder, OLD)
        run(["apply", "--auto-approve", "--publish", "octodns.yaml", "--wait", "1m"])
        manifest(folder, NEW)
        if cached:
            dns.query.udp(dns.message.make_query(NEW, "CNAME"), "127.0.0.1", 5, resolver)
        return seconds_between(url, [lambda item=item: run(item) for item in commands])


def runner(folder: Path, url: str, zone: int):
    provider = {
        "class": "octodns_bind.Rfc2136Provider",
        "host": "127.0.0.1",
        "port": zone,
        "key_name": "update.",
        "key_secret": "env/TSIG",
        "key_algorithm": "hmac-sha256",
    }
    zones = {"example.com.": {"sources": ["dns"], "targets": ["dns"]}}
    (folder / "octodns.yaml").write_text(json.dumps({"providers": {"dns": provider}, "zones": zones}))
    environment = {**os.environ, "TSIG": TSIG, "IMGWIRE_API_KEY_WEB": "sk_gap", "IMGWIRE_API_BASE_URL": url}

    def run(arguments: list[str]) -> None:
        if not arguments:
            time.sleep(NEGATIVE_TTL + 1)
            return
        server = ["--dns-server", f"127.0.0.1:{zone}"] if arguments[0] != "dns" else []
        command = [sys.executable, "-m", "reconciler", *arguments, *server]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)

    return run


def manifest(folder: Path, hostname: str) -> None:
    (folder / "imgwire.yaml").write_text(json.dumps({"version": 1, "environments": {"web": hostname}}))


def wait_for(url: str) -> None:
    while True:
        try:
            httpx.get(f"{url}/health", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


def seconds_between(url: str, steps: list) -> float:
    """From the moment that the old hostname is gone until the new one is CONNECTED, polled every 20 ms."""
    moments: dict[str, float] = {}
    done = threading.Event()

    def poll() -> None:
        with httpx.Client(base_url=url, headers=KEY, trust_env=False) as client:
            while "connected" not in moments and not done.is_set():
                reply = client.get("/api/v1/custom_domain/")
                body = reply.json()
                if reply.status_code != 200 or body["hostname"] == NEW:
                    moments.setdefault("gone", time.monotonic())
                if reply.status_code == 200 and body["hostname"] == NEW and body["status"] == "CONNECTED":
                    moments["connected"] = time.monotonic()
                time.sleep(0.02)

    thread = threading.Thread(target=poll)
    thread.start()
    for step in steps:
        step()
    done.wait(0.5)
    done.set()
    thread.join()
    return moments["connected"] - moments["gone"]


if __name__ == "__main__":
    main()
