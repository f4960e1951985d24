"""The CNAMEs that each custom domain needs, as the files of tools that publish DNS.

Names that are not plain, are not at or below the hostname, have no zone or occur twice are left out, each with a comment: no
text from outside leaves the place where it is written.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.bind import name_problem, unknown_record
from reconciler.model.escape import escape_control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.model.report import Record

    Zones = dict[str, list["_Entry"]]

_MAX_ENDPOINTS = 1_000
_NONE_LIVE = "no custom domain is live"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record that can be published: both names are known and plain."""

    environment: str
    purpose: str
    name: str
    value: str


def render_octodns(records: Sequence[Record]) -> str:
    """One YAML document for each zone, as octoDNS's YamlProvider reads it, keys in the order that it enforces."""
    zones, left_out = _by_zone(records)
    documents = [_comments("#", left_out)] if left_out or not zones else []
    for zone, items in zones.items():
        lines = [f"# {zone}.yaml"]
        for item in sorted(items, key=lambda item: _natural(_relative(item, zone, ""))):
            lines += [
                f"{_quoted(_relative(item, zone, ''))}: # {escape_control(item.environment)}, {item.purpose}",
                "  type: CNAME",
                f"  value: {_quoted(item.value + '.')}",
            ]
        documents.append("\n".join(lines) + "\n")
    return "---\n".join(documents)


def render_dnscontrol(records: Sequence[Record]) -> str:
    """`dnsconfig.js` lines that extend each zone, which must be declared with `D(…)` before."""

    def block(zone: str, items: Sequence[_Entry]) -> str:
        lines = [f"  CNAME({_quoted(_relative(item, zone, '@'))}, {_quoted(item.value + '.')})" for item in items]
        return f"D_EXTEND({_quoted(zone)},\n" + ",\n".join(lines) + "\n);\n"

    return _joined("//", records, block)


def render_terraform(records: Sequence[Record]) -> str:
    """One local value for `for_each`, because every provider has a resource of its own."""
    zones, left_out = _by_zone(records)
    lines = [
        '# for_each = local.imgwire_dns_records in your provider\'s record resource; "name" is relative to "zone"',
        *(_comments("#", left_out).splitlines() if left_out or not zones else []),
        "locals {",
        "  imgwire_dns_records = {",
    ]
    for zone, items in zones.items():
        for item in items:
            lines += [
                f"    {_hcl(f'{item.environment}/{item.purpose}')} = {{",
                f"      zone  = {_hcl(zone)}",
                f"      name  = {_hcl(_relative(item, zone, '@'))}",
                f"      fqdn  = {_hcl(item.name)}",
                '      type  = "CNAME"',
                f"      value = {_hcl(item.value)}",
                "    }",
            ]
    return "\n".join([*lines, "  }", "}"]) + "\n"


def render_external_dns(records: Sequence[Record]) -> str:
    """DNSEndpoint objects (Kubernetes, external-dns with the source `crd`) for each zone, of at most 1,000 records each: larger
    objects exceed what the API server and etcd accept."""

    def manifest(zone: str, items: Sequence[_Entry]) -> str:
        name = "imgwire-" + re.sub(r"[^a-z0-9.-]", "-", zone)
        parts = [items[start : start + _MAX_ENDPOINTS] for start in range(0, len(items), _MAX_ENDPOINTS)]
        return "---\n".join(
            _dns_endpoint(name if number == 1 else f"{name}-{number}", part) for number, part in enumerate(parts, 1)
        )

    return _joined("#", records, manifest, between="---\n")


def _dns_endpoint(name: str, items: Sequence[_Entry]) -> str:
    lines = [
        "apiVersion: externaldns.k8s.io/v1alpha1",
        "kind: DNSEndpoint",
        "metadata:",
        f"  name: {_quoted(name)}",
        "spec:",
        "  endpoints:",
    ]
    for item in items:
        lines += [
            f"    - dnsName: {_quoted(item.name)}",
            "      recordType: CNAME",
            "      targets:",
            f"        - {_quoted(item.value)}",
        ]
    return "\n".join(lines) + "\n"


def render_csv(records: Iterable[Record]) -> str:
    """RFC 4180 with a heading. No cell begins in a way that a spreadsheet takes for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("environment", "hostname", "purpose", "name", "type", "value"))
    for item in records:
        writer.writerow(
            [
                _cell(text)
                for text in (item.environment, item.hostname, item.purpose, item.name or "", "CNAME", item.value or "")
            ]
        )
    return out.getvalue()


def _cell(text: str) -> str:
    return f"'{escape_control(text)}" if text[:1] in {"=", "+", "-", "@"} else escape_control(text)


def _by_zone(records: Iterable[Record]) -> tuple[Zones, list[str]]:
    """The records by zone, zones in order of name; and for each that is left out why."""
    zones: Zones = {}
    left_out = []
    names: set[str] = set()
    for item in records:
        shown = escape_control(f"{item.environment}: {item.name}. CNAME {item.value}.")
        if item.name is None or item.value is None:
            left_out.append(f"left out, {unknown_record(item)}: {escape_control(item.environment)}")
        elif problem := name_problem(item):
            left_out.append(f"left out, {problem}: {shown}")
        elif item.zone is None:
            left_out.append(f"left out, its zone is not known: {shown}")
        elif item.name in names:
            left_out.append(f"left out, another record has this name: {shown}")
        else:
            names.add(item.name)
            zones.setdefault(item.zone, []).append(_Entry(item.environment, item.purpose, item.name, item.value))
    return dict(sorted(zones.items())), left_out


def _joined(
    sign: str, records: Sequence[Record], block: Callable[[str, Sequence[_Entry]], str], between: str = "\n"
) -> str:
    zones, left_out = _by_zone(records)
    blocks = [_comments(sign, left_out)] if left_out or not zones else []
    return between.join(blocks + [block(zone, items) for zone, items in zones.items()])


def _comments(sign: str, lines: Sequence[str]) -> str:
    return "".join(f"{sign} {line}\n" for line in lines or [_NONE_LIVE])


def _relative(item: _Entry, zone: str, apex: str) -> str:
    return apex if item.name == zone else item.name.removesuffix(f".{zone}")


def _natural(name: str) -> tuple[str | int, ...]:
    """Numbers in names count as numbers, as octoDNS sorts."""
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name))


def _quoted(text: str) -> str:
    """A string as JSON writes it, which YAML and JavaScript read alike."""
    return json.dumps(text)


def _hcl(text: str) -> str:
    return _quoted(escape_control(text)).replace("${", "$${").replace("%{", "%%{")
