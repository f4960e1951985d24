"""How lookups are laid out: one indentation at every width, and records that can be pasted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dns.zone import from_text

from reconciler.model.bind import bind_line
from reconciler.model.dns import DnsAction, DnsVerdict, LookupResult
from reconciler.model.report import Record
from reconciler.render.layout import columns, fit
from reconciler.render.lookups import render_lookups
from reconciler.render.style import Style

MISSING = LookupResult(DnsVerdict.MISSING, (), ("ns.example.com",), None, DnsAction.ADD)
RECORDS = [
    Record("web", host, purpose, f"{label}{host}", "4f1c7a0e5b2d4c1f.dcv.imgwire.dev", lookup=MISSING)
    for host in ("a.example.com", "images-staging.example.com", "images.europe.example.com")
    for purpose, label in (("routing", ""), ("validation", "_acme-challenge."))
]


@pytest.mark.parametrize("width", [40, 60, 70, 80, 90, 120, None])
def test_every_record_begins_in_the_same_column_and_is_whole_where_it_fits(width: int | None) -> None:
    lines = fit(render_lookups(RECORDS, Style(width=width)), width).split("\n")
    assert width is None or all(columns(line) <= width for line in lines)
    begins = set()
    for record in RECORDS:
        shown = bind_line(record)
        if width is None or columns(shown) <= width:
            (line,) = [line for line in lines if line.endswith(f" {shown}") or line == shown]
            begins.add(line.index(shown))
    assert len(begins) <= 1
    names = {line.index(f"{record.name}.") for record in RECORDS for line in lines if line.strip() == f"{record.name}."}
    assert len(names) <= 1


@pytest.mark.parametrize("width", [60, 70, 80, 90, 120, None])
def test_every_record_can_be_pasted_into_a_zone_at_every_width(width: int | None) -> None:
    text = fit(render_lookups(RECORDS, Style(width=width)), width)
    begins = [f"{record.name}. IN CNAME" for record in RECORDS]
    lines = [line if width else line.partition(": ")[2] for line in text.split("\n")]
    lines = [line.removeprefix("      to add: ") for line in lines]
    pasted = [line for line in lines if line.strip().endswith(".dcv.imgwire.dev. )") or line.startswith(tuple(begins))]
    rrsets = from_text(
        "\n".join(["$TTL 300", *pasted, ""]), origin="example.com.", relativize=False, check_origin=False
    )
    found = {(str(name), str(rdata)) for name, _, rdata in rrsets.iterate_rdatas()}
    assert found == {(f"{record.name}.", f"{record.value}.") for record in RECORDS}


def test_a_reason_that_several_records_share_is_printed_once() -> None:
    silent = LookupResult(DnsVerdict.NOT_CHECKED, (), ("ns.example.com",), "ns.example.com did not answer")
    text = render_lookups([replace(record, lookup=silent) for record in RECORDS], Style(width=80))
    assert text.count("did not answer") == 1
    assert "ns.example.com did not answer (also for the next 5 records)\n" in text
