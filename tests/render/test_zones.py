"""The files of other tools: each is read back by a reader of its language, and nothing from outside gets out of its place."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.dns import plain_name
from reconciler.model.report import Record
from reconciler.render.dns import render_bind
from reconciler.render.zones import (
    render_csv,
    render_dnscontrol,
    render_external_dns,
    render_octodns,
    render_terraform,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

dns_zone = pytest.importorskip("dns.zone")


def record(
    environment: str, name: str, value: str, zone: str | None = "example.com", purpose: str = "routing"
) -> Record:
    return Record(environment, name.removeprefix("_acme-challenge."), purpose, name, value, zone)


GOOD = (
    record("production", "images10.example.com", "cdn-proxy.imgwire.dev"),
    record("production", "_acme-challenge.images10.example.com", "1.dcv.imgwire.dev", purpose="validation"),
    record("staging", "images9.example.com", "cdn-proxy.imgwire.dev"),
    record("other", "img.example.org", "cdn-proxy.imgwire.dev", "example.org"),
    record("number", "123.example.org", "cdn-proxy.imgwire.dev", "example.org"),
)
NAMES = {(item.name, item.value) for item in GOOD}
HOSTILE = (
    record("two\nlines", 'x"); process.exit(1); ("', "cdn-proxy.imgwire.dev"),
    record("expanded", "images.example.com", '${file("/etc/passwd")}'),
    record("colon", "a: b\n- c", "cdn-proxy.imgwire.dev"),
    record("line\u2028end */", "b.example.com\u2028", "cdn-proxy.imgwire.dev"),
    record("tag", "</script>.example.com", "cdn-proxy.imgwire.dev"),
    record("long", "a" * 64 + ".example.com", "cdn-proxy.imgwire.dev"),
    record("suffix", "images.example.com", "cdn-proxy.imgwire.dev", None),
    record("again", "images10.example.com", "elsewhere.imgwire.dev"),
)
RECORDS = (*GOOD, *HOSTILE)


def test_octodns_reads_its_documents_in_the_order_it_enforces() -> None:
    from octodns.yaml import safe_load

    text = render_octodns(RECORDS)
    comments, *documents = text.split("---\n")
    assert [line.split(":")[0] for line in comments.splitlines()] == ["# left out, not a usable name"] * 6 + [
        "# left out, its zone is not known",
        "# left out, another record has this name",
    ]
    zones = {document.splitlines()[0]: safe_load(document, enforce_order=True) for document in documents}
    assert zones == {
        "# example.com.yaml": {
            "_acme-challenge.images10": {"type": "CNAME", "value": "1.dcv.imgwire.dev."},
            "images9": {"type": "CNAME", "value": "cdn-proxy.imgwire.dev."},
            "images10": {"type": "CNAME", "value": "cdn-proxy.imgwire.dev."},
        },
        "# example.org.yaml": {
            "123": {"type": "CNAME", "value": "cdn-proxy.imgwire.dev."},
            "img": {"type": "CNAME", "value": "cdn-proxy.imgwire.dev."},
        },
    }


def test_dnscontrol_is_javascript_that_calls_what_it_should() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    stubs = """
    const calls = [];
    const CNAME = (name, target) => ({name, target});
    const D_EXTEND = (zone, ...records) => calls.push([zone, records.map(r => [r.name, r.target])]);
    """
    source = f"{stubs}\n{render_dnscontrol(RECORDS)}\nconsole.log(JSON.stringify(calls));"
    done = subprocess.run([node], input=source, capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout) == [
        [
            "example.com",
            [
                ["images10", "cdn-proxy.imgwire.dev."],
                ["_acme-challenge.images10", "1.dcv.imgwire.dev."],
                ["images9", "cdn-proxy.imgwire.dev."],
            ],
        ],
        ["example.org", [["img", "cdn-proxy.imgwire.dev."], ["123", "cdn-proxy.imgwire.dev."]]],
    ]


def test_terraform_reads_its_local_value(tmp_path: Path) -> None:
    terraform = shutil.which("terraform") or shutil.which("tofu")
    if terraform is None:
        pytest.skip("neither terraform nor tofu is installed")
    hostile_name = (record("${path.root} %{ if true }", "images.example.com", "cdn-proxy.imgwire.dev"),)
    (tmp_path / "dns.tf").write_text(render_terraform((*RECORDS, *hostile_name)))
    done = subprocess.run(
        [terraform, "console"],
        input="jsonencode(local.imgwire_dns_records)\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    found: dict[str, Any] = json.loads(json.loads(done.stdout))
    assert {(item["fqdn"], item["value"]) for item in found.values()} == NAMES | {
        ("images.example.com", "cdn-proxy.imgwire.dev")
    }
    assert found["production/validation"] == {
        "zone": "example.com",
        "name": "_acme-challenge.images10",
        "fqdn": "_acme-challenge.images10.example.com",
        "type": "CNAME",
        "value": "1.dcv.imgwire.dev",
    }
    assert "${path.root} %{ if true }/routing" in found


def test_external_dns_gets_an_endpoint_for_each_zone() -> None:
    found = [document for document in yaml.safe_load_all(render_external_dns(RECORDS)) if document]
    assert [(item["apiVersion"], item["kind"], item["metadata"]["name"]) for item in found] == [
        ("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "imgwire-example.com"),
        ("externaldns.k8s.io/v1alpha1", "DNSEndpoint", "imgwire-example.org"),
    ]
    endpoints = [endpoint for item in found for endpoint in item["spec"]["endpoints"]]
    assert {(endpoint["dnsName"], *endpoint["targets"]) for endpoint in endpoints} == NAMES
    assert {endpoint["recordType"] for endpoint in endpoints} == {"CNAME"}


def test_csv_has_one_row_for_each_record_and_no_formula() -> None:
    formula = record("=cmd|'/C calc'!A0", "@SUM(1)", 'quote", comma')
    text = render_csv((*GOOD, formula, *HOSTILE))
    assert text.replace("\r\n", "").isprintable()
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert head == ["environment", "hostname", "purpose", "name", "type", "value"]
    assert {(row[3], row[5]) for row in rows[: len(GOOD)]} == NAMES
    assert rows[len(GOOD)] == [
        "'=cmd|'/C calc'!A0",
        "'@SUM(1)",
        "routing",
        "'@SUM(1)",
        "CNAME",
        'quote", comma',
    ]
    assert len(rows) == len(GOOD) + 1 + len(HOSTILE)


def test_bind_lines_are_a_zone() -> None:
    usable = [item for item in RECORDS if item.zone == "example.com" and item.environment != "again"]
    found = dns_zone.from_text(
        f"$TTL 60\n@ SOA a b 1 2 3 4 5\n{render_bind(usable)}", "example.com.", check_origin=False
    )
    names = {
        (
            str(name.derelativize(found.origin)).removesuffix("."),
            str(item.target.derelativize(found.origin)).removesuffix("."),
        )
        for name, _, item in found.iterate_rdatas("CNAME")
    }
    assert names == {(item.name, item.value) for item in GOOD if item.zone == "example.com"}


@pytest.mark.parametrize("render", [render_octodns, render_dnscontrol, render_terraform, render_external_dns])
def test_no_record_is_told_as_a_comment(render: Callable[[tuple[Record, ...]], str]) -> None:
    assert "no custom domain is live" in render(())
    assert "no custom domain is live" not in render(GOOD)


ANYTHING = st.text(max_size=30)
NAMES_FROM_OUTSIDE = st.one_of(st.just("images.example.com"), st.builds("{}.example.com".format, ANYTHING), ANYTHING)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.builds(record, ANYTHING, NAMES_FROM_OUTSIDE, NAMES_FROM_OUTSIDE), max_size=4))
def test_whatever_comes_from_outside_only_plain_names_are_published(records: list[Record]) -> None:
    zones = [document or {} for document in yaml.safe_load_all(render_octodns(records))]
    endpoints = [document for document in yaml.safe_load_all(render_external_dns(records)) if document]
    lines = [line for line in render_bind(records).splitlines() if not line.startswith(";")]
    code = [line for line in render_dnscontrol(records).splitlines() if not line.startswith("//")]
    rows = list(csv.reader(io.StringIO(render_csv(records), newline="")))
    plain = {(item.name, item.value) for item in records if plain_name(item.name) and plain_name(item.value)}
    names = {name for name, _ in plain}
    assert {name for zone in zones for name in zone} <= {name.removesuffix(".example.com") for name in names}
    assert {item["dnsName"] for document in endpoints for item in document["spec"]["endpoints"]} == names
    assert set(lines) == {f"{name}. IN CNAME {value}." for name, value in plain}
    assert all(
        re.fullmatch(r'D_EXTEND\("[\w.-]+",|  CNAME\("[\w.-]+", "[\w.-]+\."\),?|\);|', line, re.ASCII) for line in code
    )
    assert len(rows) == len(records) + 1
    assert {len(row) for row in rows} == {6}


def test_a_dns_endpoint_has_at_most_a_thousand_records() -> None:
    records = [record(f"e{number}", f"h{number}.example.com", "cdn-proxy.imgwire.dev") for number in range(2_500)]
    documents = list(yaml.safe_load_all(render_external_dns([*records, GOOD[3]])))
    assert [(item["metadata"]["name"], len(item["spec"]["endpoints"])) for item in documents] == [
        ("imgwire-example.com", 1_000),
        ("imgwire-example.com-2", 1_000),
        ("imgwire-example.com-3", 500),
        ("imgwire-example.org", 1),
    ]
    names = [endpoint["dnsName"] for item in documents for endpoint in item["spec"]["endpoints"]]
    assert sorted(names) == sorted([*(item.name or "" for item in records), "img.example.org"])


@pytest.mark.parametrize(
    ("render", "sign"),
    [
        (render_bind, ";"),
        (render_octodns, "#"),
        (render_dnscontrol, "//"),
        (render_terraform, "#"),
        (render_external_dns, "#"),
    ],
)
@pytest.mark.parametrize("name", ["www.example.com", "example.com", "ximg.example.com"])
def test_a_name_that_is_not_at_or_below_the_hostname_is_a_comment(
    render: Callable[[tuple[Record, ...]], str], sign: str, name: str
) -> None:
    foreign = Record("web", "img.example.com", "routing", name, "foreign.imgwire.dev", "example.com")
    own = Record(
        "web", "img.example.com", "validation", "_acme-challenge.img.example.com", "own.imgwire.dev", "example.com"
    )
    text = render((foreign, own))
    (line,) = (line for line in text.splitlines() if "foreign.imgwire.dev" in line)
    assert line.startswith(sign)
    assert "not at or below img.example.com" in line
    assert "own.imgwire.dev" in text
