"""Real DNS servers on free ports of loopback: BIND, Unbound and PowerDNS from the system's packages."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.exception
import dns.message
import dns.query
import dns.tsigkeyring
import dns.zone
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
NAMED = shutil.which("named", path=_PATH)
UNBOUND = shutil.which("unbound", path=_PATH)
PDNS = shutil.which("pdns_server", path=_PATH)
SIGN, KEYGEN = shutil.which("dnssec-signzone", path=_PATH), shutil.which("dnssec-keygen", path=_PATH)
PDNS_SCHEMA = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"

needs_bind = pytest.mark.skipif(NAMED is None, reason="BIND is not installed")
needs_unbound = pytest.mark.skipif(UNBOUND is None, reason="Unbound is not installed")
needs_powerdns = pytest.mark.skipif(
    PDNS is None or not os.path.exists(PDNS_SCHEMA),  # noqa: PTH110
    reason="PowerDNS with its SQLite backend is not installed",
)

# A key for dynamic updates to a server that lives as long as one test.
TSIG = "bm90IGEgc2VjcmV0LCBvbmx5IGEgdGVzdCBrZXk="


def free_port() -> int:
    """A port that is free for TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = int(tcp.getsockname()[1])
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def bind(folder: Path, zones: Mapping[str, str], *, options: str = "") -> Iterator[int]:
    """BIND with these zones, as master files without their SOA and NS records if they have none. Yields its port."""
    assert NAMED is not None
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    blocks = []
    for name, text in zones.items():
        (folder / f"{name}.db").write_text(text)
        blocks.append(
            f'zone "{name}" {{ type primary; file "{name}.db"; allow-update {{ key update.; }}; check-names ignore; }};'
        )
    (folder / "named.conf").write_text(
        f"""
        options {{
            directory "{folder}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
            recursion no; dnssec-validation no; notify no; pid-file none; session-keyfile none;
            allow-transfer {{ key update.; }}; {options}
        }};
        controls {{ }};
        key "update." {{ algorithm hmac-sha256; secret "{TSIG}"; }};
        {" ".join(blocks)}
        """
    )
    with _running([NAMED, "-g", "-c", str(folder / "named.conf")], r" running$"):
        yield port


@contextmanager
def unbound(folder: Path, stubs: Mapping[str, Sequence[str]], *, options: str = "") -> Iterator[int]:
    """Unbound, which resolves names below each stub at these `ADDRESS@PORT` and knows no other server. Yields its port."""
    assert UNBOUND is not None
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "empty").write_text("")
    blocks = "\n".join(
        f'stub-zone:\n  name: "{name}"\n' + "\n".join(f"  stub-addr: {address}" for address in addresses)
        for name, addresses in stubs.items()
    )
    (folder / "unbound.conf").write_text(
        f"""
server:
  directory: "{folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  interface: 127.0.0.1@{port}
  do-not-query-localhost: no
  do-ip6: no
  ede: yes
  root-hints: "{folder}/empty"
  qname-minimisation: no
  {options}
remote-control:
  control-enable: no
{blocks}
"""
    )
    with _running([UNBOUND, "-d", "-c", str(folder / "unbound.conf")], r"start of service"):
        yield port


@dataclass(frozen=True, slots=True)
class PowerDns:
    port: int
    api: str
    key: str


@contextmanager
def powerdns(
    folder: Path,
    zone: str,
    records: Sequence[tuple[str, str, int, str]],
    *,
    port: int | None = None,
    address: str = "127.0.0.1",
) -> Iterator[PowerDns]:
    """PowerDNS with SQLite and its HTTP API, and one zone of (name, type, ttl, content)."""
    import sqlite3

    assert PDNS is not None
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "pdns.sqlite3"
    with sqlite3.connect(database) as connection:
        with open(PDNS_SCHEMA, encoding="utf-8") as schema:  # noqa: PTH123
            connection.executescript(schema.read())
        connection.execute("INSERT INTO domains (id, name, type) VALUES (1, ?, 'NATIVE')", (zone,))
        connection.executemany(
            "INSERT INTO records (domain_id, name, type, ttl, content, prio, auth) VALUES (1, ?, ?, ?, ?, ?, 1)",
            [_row(*record) for record in records],
        )
    connection.close()
    port, api = port or free_port(), free_port()
    command = [
        PDNS,
        f"--config-dir={folder}",
        f"--socket-dir={folder}",
        "--daemon=no",
        "--guardian=no",
        "--disable-syslog",
        "--launch=gsqlite3",
        f"--gsqlite3-database={database}",
        f"--local-address={address}",
        f"--local-port={port}",
        "--api=yes",
        "--api-key=pdns-test-key",
        "--webserver=yes",
        "--webserver-address=127.0.0.1",
        f"--webserver-port={api}",
        "--cache-ttl=0",
        "--query-cache-ttl=0",
        "--negquery-cache-ttl=0",
        "--zone-cache-refresh-interval=0",
        "--loglevel=6",
    ]
    with _running(command, None):
        wait_for(port, zone, address)
        yield PowerDns(port, f"http://127.0.0.1:{api}", "pdns-test-key")


def _row(name: str, kind: str, ttl: int, content: str) -> tuple[str, str, int, str, int]:
    """The record as PowerDNS keeps it: the priority has a column of its own."""
    if kind not in {"MX", "SRV"}:
        return name, kind, ttl, content, 0
    priority, _, rest = content.partition(" ")
    return name, kind, ttl, rest, int(priority)


def wait_for(port: int, zone: str, address: str = "127.0.0.1") -> None:
    """Until the server answers for the zone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if dns.query.udp(dns.message.make_query(zone, "SOA"), address, 0.5, port).answer:
                return
        except (OSError, dns.exception.DNSException):
            time.sleep(0.1)
    pytest.fail(f"no DNS server answers for {zone} at port {port}")


def transferred(port: int, zone: str = "example.com.") -> set[str]:
    """Every record that BIND has in the zone, but for the SOA, whose serial counts the updates."""
    keyring = dns.tsigkeyring.from_text({"update.": TSIG})
    messages = dns.query.xfr(
        "127.0.0.1", zone, port=port, relativize=False, keyring=keyring, keyalgorithm="hmac-sha256"
    )
    content = dns.zone.from_xfr(messages, relativize=False)
    return {
        f"{name} {ttl} {data.rdtype.name} {data}"
        for name, ttl, data in content.iterate_rdatas()
        if data.rdtype.name != "SOA"
    }


@contextmanager
def _running(command: list[str], ready: str | None) -> Iterator[None]:
    """The server, from the line of its log that matches `ready` on."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        log = ""
        for line in process.stderr if ready is not None else ():
            log += line
            if ready is not None and re.search(ready, line.rstrip()):
                break
        else:
            if ready is not None:
                pytest.fail(f"{command[0]} did not start:\n{log}")
        yield
    finally:
        process.terminate()
        process.stderr.read()
        process.wait(10)
        process.stderr.close()
