from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifest.decoding import decode
from reconciler.manifest.document import HAS_LIBYAML, MAX_DEPTH, read_document
from reconciler.manifest.located import Document, LocatedMapping
from reconciler.manifest.scalars import EMPTY, AmbiguousScalar, plain_value
from reconciler.manifest.source_text import SourceText

CASES = Path(__file__).parents[1] / "cases" / "diagnostics"
# PyYAML's own parser refuses a tab behind a colon, which YAML allows.
MANIFESTS = [path for path in sorted(CASES.rglob("*.yaml")) if b":\t" not in path.read_bytes()]

VALUES = {
    "": EMPTY,
    "text": "text",
    "null": None,
    "~": None,
    "Null": None,
    "nULL": "nULL",
    "true": True,
    "FALSE": False,
    "tRue": "tRue",
    "yes": AmbiguousScalar("`{text}`", "yes"),
    "Off": AmbiguousScalar("`{text}`", "Off"),
    "y": "y",
    "0": 0,
    "-12": -12,
    "+1": AmbiguousScalar("a number", "+1"),
    "007": AmbiguousScalar("a number", "007"),
    "1_000": AmbiguousScalar("a number", "1_000"),
    "0x1F": AmbiguousScalar("a number", "0x1F"),
    "0o17": AmbiguousScalar("a number", "0o17"),
    "1.0": AmbiguousScalar("a number", "1.0"),
    "1e3": AmbiguousScalar("a number", "1e3"),
    ".5": AmbiguousScalar("a number", ".5"),
    ".inf": AmbiguousScalar("a number", ".inf"),
    "9" * 30: AmbiguousScalar("a number", "9" * 30),
    "1:30": AmbiguousScalar("`{text}` without quotes", "1:30"),
    "2024-01-01": AmbiguousScalar("a date", "2024-01-01"),
    "2024-01-01 10:00:00Z": AmbiguousScalar("a date", "2024-01-01 10:00:00Z"),
    "123e4567-e89b-42d3-a456-426614174000": "123e4567-e89b-42d3-a456-426614174000",
    "1.example.com": "1.example.com",
    "192.0.2.1": "192.0.2.1",
    "-": "-",
    "=": "=",
}


@pytest.mark.parametrize(("text", "value"), VALUES.items(), ids=ascii)
def test_a_plain_scalar_means_what_every_yaml_version_agrees_on(text: str, value: object) -> None:
    found = plain_value(text)
    assert (found, type(found)) == (value, type(value))


def read(text: str, *, fast: bool = HAS_LIBYAML) -> Document:
    return read_document(SourceText("a.yaml", text), fast=fast)


@pytest.mark.parametrize(
    "fast", [pytest.param(True, marks=pytest.mark.skipif(not HAS_LIBYAML, reason="no libyaml")), False]
)
def test_every_key_and_value_has_its_position(fast: bool) -> None:
    document = read('é: 1\nenvironments:\n  "c\\"": [x, y]\n  d: |\n    text\n  e:\n', fast=fast)
    root = document.root
    assert isinstance(root, LocatedMapping)
    assert root == {"é": 1, "environments": {'c"': ["x", "y"], "d": "text\n", "e": EMPTY}}
    assert root.positions == {"é": ((0, 0, 1), (0, 3, 1)), "environments": ((1, 0, 12), (2, 2, 0))}
    assert root["environments"].positions['c"'] == ((2, 2, 5), (2, 9, 1))
    assert root["environments"].positions["e"] == ((5, 2, 1), (5, 4, 0))
    assert root["environments"].positions["d"][1][:2] == (3, 5)
    assert document.problems == []


def test_depth_is_counted_exactly() -> None:
    def nested(depth: int) -> str:
        return "environments: " + "[" * (depth - 1) + "]" * (depth - 1)

    assert read(nested(MAX_DEPTH)).problems == []
    assert [item.code for item in read(nested(MAX_DEPTH + 1)).problems] == ["too-large"]


@pytest.mark.skipif(not HAS_LIBYAML, reason="no libyaml")
@pytest.mark.parametrize("path", MANIFESTS, ids=[str(path.relative_to(CASES)) for path in MANIFESTS])
def test_the_slow_parser_finds_the_same(path: Path) -> None:
    source, again = (decode("a.yaml", path.read_bytes()) for _ in range(2))
    if not isinstance(source, SourceText) or not isinstance(again, SourceText):
        assert source == again
        return
    fast, slow = read_document(source), read_document(again, fast=False)
    assert fast.root == slow.root
    assert [item.code for item in fast.problems] == [item.code for item in slow.problems]
    if not path.parent.name.startswith("yaml-syntax"):  # the two word and place these differently
        assert fast.problems == slow.problems
