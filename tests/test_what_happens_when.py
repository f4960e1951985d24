"""`docs/what-happens-when.md`: every row names the tests that hold it, and they exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "what-happens-when.md"
_TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def rows() -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| When", "| ---"))]


def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_every_row_is_held_by_a_test_that_exists() -> None:
    assert len(rows()) > 40
    assert [row for row in rows() if not _TEST.search(row)] == []
    named = {match for row in rows() for match in _TEST.findall(row)}
    assert sorted((path, name) for path, name in named if name not in functions_of(path)) == []
