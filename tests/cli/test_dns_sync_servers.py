"""`dns sync` beside 200 records of all types on BIND and PowerDNS: they are the same before and after."""

from __future__ import annotations

import json
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("octodns")

from dns_servers import TSIG, PowerDns, bind, needs_bind, needs_powerdns, powerdns, transferred

from cli.test_dns_sync import NAME, needed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cli.stage import Stage

ACME = f"_acme-challenge.{NAME}"
UNRELATED = [
    ("@", "NS", 3600, "ns.example.com."),
    ("ns", "A", 3600, "127.0.0.1"),
    ("@", "MX", 3600, "10 mail.example.com."),
    ("@", "MX", 3600, "20 mail2.example.com."),
    ("@", "TXT", 60, '"v=spf1 -all"'),
    ("@", "CAA", 86400, '0 issue "ca.example"'),
    ("mail", "A", 86400, "192.0.2.1"),
    ("mail", "AAAA", 300, "2001:db8::1"),
    ("*", "A", 120, "192.0.2.9"),
    ("_sip._tcp", "SRV", 60, "0 5 5060 sip.example.com."),
    ("sub", "NS", 3600, "ns.other.example."),
    ("www", "HTTPS", 3600, "1 . alpn=h2"),
    ("geo", "LOC", 3600, "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"),
    ("host", "SSHFP", 3600, "4 2 " + "0" * 64),
    ("_443._tcp.www", "TLSA", 3600, "3 1 1 " + "0" * 64),
    ("naptr", "NAPTR", 3600, '10 100 "S" "SIP+D2U" "" _sip._udp.example.com.'),
    ("uri", "URI", 3600, '10 1 "https://example.com/"'),
    ("cert", "HINFO", 3600, '"PC" "OS"'),
    *((f"h{number}", "A", 60 + number, f"198.51.100.{number}") for number in range(92)),
    *((f"c{number}", "CNAME", 60 + number, f"t{number}.example.net.") for number in range(90)),
]


def configure(stage: Stage, provider: dict[str, Any]) -> None:
    zones = {"example.com.": {"sources": ["dns"], "targets": ["dns"]}}
    stage.write("octodns.yaml", json.dumps({"providers": {"dns": provider}, "zones": zones}))


@contextmanager
def on_bind(stage: Stage, folder: Path) -> Iterator[Callable[[], set[str]]]:
    lines = "\n".join(f"{name} {ttl} {kind} {value}" for name, kind, ttl, value in UNRELATED)
    master = f"$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 60\n{lines}\n"
    with bind(folder, {"example.com": master}) as port:
        stage.set("TSIG", TSIG)
        configure(
            stage,
            {
                "class": "octodns_bind.Rfc2136Provider",
                "host": "127.0.0.1",
                "port": port,
                "key_name": "update.",
                "key_secret": "env/TSIG",
                "key_algorithm": "hmac-sha256",
            },
        )
        yield lambda: transferred(port)


def dump(server: PowerDns) -> set[str]:
    """Every record that PowerDNS has in the zone, but for the SOA."""
    url = f"{server.api}/api/v1/servers/localhost/zones/example.com."
    request = urllib.request.Request(url, headers={"X-API-Key": server.key})
    with urllib.request.urlopen(request, timeout=10) as reply:
        sets = json.load(reply)["rrsets"]
    return {
        f"{item['name']} {item['ttl']} {item['type']} {record['content']}"
        for item in sets
        if item["type"] != "SOA"
        for record in item["records"]
    }


@contextmanager
def on_powerdns(stage: Stage, folder: Path) -> Iterator[Callable[[], set[str]]]:
    pytest.importorskip("octodns_powerdns")
    soa = ("example.com", "SOA", 3600, "ns.example.com. hostmaster.example.com. 1 3600 600 86400 60")
    records = [
        ("example.com" if name == "@" else f"{name}.example.com", kind, ttl, value.removesuffix("."))
        for name, kind, ttl, value in UNRELATED
    ]
    with powerdns(folder, "example.com", [soa, *records]) as server:
        stage.set("PDNS_KEY", server.key)
        configure(
            stage,
            {
                "class": "octodns_powerdns.PowerDnsProvider",
                "host": "127.0.0.1",
                "port": int(server.api.rpartition(":")[2]),
                "api_key": "env/PDNS_KEY",
            },
        )
        yield lambda: dump(server)


@pytest.mark.parametrize(
    "serve",
    [pytest.param(on_bind, marks=needs_bind), pytest.param(on_powerdns, marks=needs_powerdns)],
    ids=["BIND", "PowerDNS"],
)
def test_two_hundred_other_records_are_the_same_before_and_after(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory, serve: Any
) -> None:
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    with serve(stage, tmp_path_factory.mktemp("dns")) as records:
        before = records()
        ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
        after = records()
        again = stage.run("dns", "sync")
    assert len(before) == 200
    assert ended.code == 0, ended.err
    published = needed(stage, "web")
    assert before - after == set()
    assert after - before == {f"{name}. 300 CNAME {value}." for name, value in published.items()}
    assert (again.code, again.out) == (0, "Published: nothing, every record is there.\n")
