"""The part of the Public Suffix List that a name needs gives the same answer as the whole list."""

from __future__ import annotations

from pathlib import Path

import pytest
from publicsuffixlist import PSLFILE, PublicSuffixList

from reconciler.manifest import suffixes

WHOLE = PublicSuffixList()
RULES = [
    line.split(" ")[0].encode("idna" if not line.isascii() else "ascii").decode().lower()
    for line in Path(PSLFILE).read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("//") and all(len(label.encode("idna")) < 64 for label in line.split("."))
]


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, PublicSuffixList]:
    """No part of the list has been parsed yet."""
    monkeypatch.setattr(suffixes, "_parts", {})
    return suffixes._parts


def test_every_rule_gives_the_same_registrable_domain_as_the_whole_list(
    parts: dict[str, PublicSuffixList], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suffixes, "_MAX_PARTS", len(RULES))
    for rule in RULES:
        suffix = rule.removeprefix("!").removeprefix("*.")
        for name in (suffix, f"a.{suffix}", f"b.a.{suffix}", f"c.b.a.{suffix}"):
            assert suffixes.registrable_domain(name) == WHOLE.privatesuffix(name), name
    assert len(parts) > 1000


@pytest.mark.parametrize("name", ["a.b.unlisted", "unlisted", "images.example.com", "example.co.uk", "b.a.xn--p1ai"])
def test_unlisted_and_internationalized_names_are_the_same_too(parts: dict[str, PublicSuffixList], name: str) -> None:
    assert suffixes.registrable_domain(name) == WHOLE.privatesuffix(name)


@pytest.mark.parametrize("name", ["images.example.\ud800", "\ud800", "b\u00fccher.example"])
def test_what_is_no_ascii_has_no_registrable_domain(name: str) -> None:
    assert suffixes.registrable_domain(name) is None


def test_names_below_many_top_level_domains_parse_the_whole_list_once(parts: dict[str, PublicSuffixList]) -> None:
    for index in range(100):
        suffixes.registrable_domain(f"images.example.top{index}")
    assert len(parts) == 8
