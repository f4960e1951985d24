"""Records that people copy, on terminals of usual widths."""

from __future__ import annotations

import pytest

from reconciler.model.dns import DnsAction, DnsVerdict, LookupResult
from reconciler.model.report import Record
from reconciler.render.dns import record_lines, render_table
from reconciler.render.lookups import render_lookups
from reconciler.render.style import Style

TARGET = "cdn-proxy.imgwire.dev"
VALIDATION = "d58b91c663824042.dcv.imgwire.dev"


def needed(environment: str, hostname: str, lookup: LookupResult | None = None) -> list[Record]:
    return [
        Record(environment, hostname, "routing", hostname, TARGET, "example.com", lookup),
        Record(environment, hostname, "validation", f"_acme-challenge.{hostname}", VALIDATION, "example.com", lookup),
    ]


@pytest.mark.parametrize("width", [80, 100, 120, 160, None])
def test_a_record_of_a_hostname_of_usual_length_is_on_one_line(width: int | None) -> None:
    assert record_lines(needed("web", "images.example.com"), width) == [
        "  images.example.com.                  CNAME  cdn-proxy.imgwire.dev.",
        "  _acme-challenge.images.example.com.  CNAME  d58b91c663824042.dcv.imgwire.dev.",
    ]


@pytest.mark.parametrize("width", [60, 80])
def test_every_value_is_below_its_name_where_one_has_no_room_beside_it(width: int) -> None:
    assert record_lines(needed("web", "images-staging.example.com"), width) == [
        "  images-staging.example.com.",
        "      CNAME  cdn-proxy.imgwire.dev.",
        "  _acme-challenge.images-staging.example.com.",
        "      CNAME  d58b91c663824042.dcv.imgwire.dev.",
    ]


def test_records_are_listed_below_their_environment_where_the_table_has_no_room() -> None:
    records = [*needed("web", "images.example.com"), *needed("shop", "shop.example.com")]
    assert render_table(records, 80).splitlines() == [
        "web:",
        "  routing     images.example.com.                  CNAME  cdn-proxy.imgwire.dev.",
        "  validation  _acme-challenge.images.example.com.",
        "        CNAME  d58b91c663824042.dcv.imgwire.dev.",
        "shop:",
        "  routing     shop.example.com.                  CNAME  cdn-proxy.imgwire.dev.",
        "  validation  _acme-challenge.shop.example.com.",
        "        CNAME  d58b91c663824042.dcv.imgwire.dev.",
    ]
    assert render_table(records, 120) == render_table(records)


def test_the_line_to_add_is_below_its_action_where_it_has_no_room_beside_it_and_can_be_pasted() -> None:
    missing = LookupResult(DnsVerdict.MISSING, action=DnsAction.ADD)
    records = needed("web", "images-staging.example.com", missing)
    assert render_lookups(records, Style(width=60)).splitlines()[1:] == [
        "  missing  web  routing",
        "      images-staging.example.com.",
        "      to add:",
        "images-staging.example.com. IN CNAME cdn-proxy.imgwire.dev.",
        "  missing  web  validation",
        "      _acme-challenge.images-staging.example.com.",
        "      to add:",
        "_acme-challenge.images-staging.example.com. IN CNAME (",
        "    d58b91c663824042.dcv.imgwire.dev. )",
    ]
    assert render_lookups(records, Style(width=120)) == render_lookups(records, Style())
