"""Every stable word of a document is explained: reasons, block codes, kinds of errors, drift and verdicts."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.manifest.explanations import section
from reconciler.model.dns import DnsVerdict
from reconciler.model.errors import BackendError
from reconciler.model.probe import ProbeVerdict
from reconciler.model.report import Cause, DriftKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from enum import StrEnum

ROOT = Path(__file__).parent.parent.parent
# Calls that take a stable word, and which argument it is.
ARGUMENT = {"Failed": 1, "Block": 0, "Declined": 0, "StepError": 0, "Conclusion": 1}
WORD = re.compile(r"[a-z]+(_[a-z]+)*")
ENUMS: tuple[type[StrEnum], ...] = (DriftKind, Cause, Verdict, ProbeVerdict)


def literals(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(value)):
            yield value
        case ast.IfExp(body=body, orelse=other):
            yield from (*literals(body), *literals(other))


def words_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ARGUMENT:
            place = ARGUMENT[node.func.id]
            if len(node.args) > place:
                yield from literals(node.args[place])


def kinds(base: type[BackendError]) -> Iterator[str]:
    for kind in base.__subclasses__():
        yield kind.kind
        yield from kinds(kind)


def test_every_word_is_explained() -> None:
    used = {word for path in (ROOT / "reconciler").rglob("*.py") for word in words_of(path) if WORD.fullmatch(word)}
    used |= set(kinds(BackendError)) | {str(word) for enum in ENUMS for word in enum}
    used |= {f"dns_{verdict}" for verdict in DnsVerdict if verdict not in {DnsVerdict.OK, DnsVerdict.FLATTENED}}
    assert len(used) > 80
    assert [word for word in sorted(used) if section(word) is None] == []


@pytest.mark.parametrize(
    "word", re.findall(r"^### `(.+)`$", (ROOT / "docs" / "reasons.md").read_text("utf-8"), re.MULTILINE)
)
def test_a_reason_has_a_meaning_and_a_fix(word: str) -> None:
    text = section(word)
    assert text is not None
    assert text.count("### ") == 1
    assert "**Fix:** " in text
