"""`docs/what-happens-when.md`: every row names tests that exist and that check the exit codes and words it promises."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "what-happens-when.md"
CASES = "tests/planning/test_cases.py"  # whose expectations lie in files
_TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")
_EXITS = re.compile(r"\bexit(?: codes?)? ((?:\d+(?:, | or )?)+)")
_COMMAND = re.compile(r"reconciler |kill |--|\\\|")
_WORD = re.compile(r"`([a-z]+(?:[_-][a-z]+)*)`")


def rows() -> list[str]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(("| When", "| ---"))]


@cache
def module(path: str) -> tuple[dict[str, ast.stmt], dict[str, ast.stmt]]:
    """The functions of a test module, and its other top-level statements by the names they define."""
    functions: dict[str, ast.stmt] = {}
    constants: dict[str, ast.stmt] = {}
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions[node.name] = node
        elif isinstance(node, ast.Assign):
            constants.update({target.id: node for target in node.targets if isinstance(target, ast.Name)})
    return functions, constants


@cache
def evidence(path: str, name: str) -> tuple[frozenset[int], str]:
    """The numbers and the texts in a test, in the helpers of its module that it calls, and in the constants that it uses."""
    functions, constants = module(path)
    known = {**constants, **functions}
    numbers: set[int] = set()
    texts: list[str] = []
    waiting, seen = [name], set[str]()
    while waiting:
        node = known.get(current := waiting.pop())
        if node is None or current in seen:
            continue
        seen.add(current)
        for part in ast.walk(node):
            match part:
                case ast.Constant(value=bool()):
                    pass
                case ast.Constant(value=int(number)):
                    numbers.add(number)
                case ast.Constant(value=str(text)):
                    texts.append(text)
                case ast.Name(id=used) | ast.arg(arg=used):
                    waiting.append(used)
                case ast.Attribute(attr=member):
                    texts.append(member.lower())
    if path == CASES:
        texts += [case.read_text(encoding="utf-8") for case in sorted((ROOT / "tests/cases/plan").glob("*.yaml"))]
        numbers |= {int(number) for text in texts for number in re.findall(r"exit_code: (\d+)", text)}
    return frozenset(numbers), "\n".join(texts)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_every_promise_is_checked_by_a_test_that_the_row_names(row: str) -> None:
    named = _TEST.findall(row)
    assert named, "the row names no test"
    assert [f"{path}::{name}" for path, name in named if name not in module(path)[0]] == []
    numbers = frozenset[int]().union(*(evidence(*test)[0] for test in named))
    texts = "\n".join(evidence(*test)[1] for test in named)
    promised = re.split(r"(?<!\\)\|", row)[2].partition("<!--")[0]
    codes = {int(number) for match in _EXITS.finditer(promised) for number in re.findall(r"\d+", match[1])}
    assert codes - numbers == set(), "no test that the row names has these exit codes"
    assert [word for word in _WORD.findall(promised) if word not in texts] == [], (
        "no test that the row names has these words"
    )


@cache
def source() -> str:
    """The program in lower case: a report capitalizes some texts as headings."""
    files = sorted((ROOT / "reconciler").rglob("*.py"))
    return "\n".join(file.read_text(encoding="utf-8") for file in files).lower()


@pytest.mark.parametrize("page", ["what-happens-when.md", "troubleshooting.md"])
def test_every_message_that_a_page_quotes_is_one_of_the_program(page: str) -> None:
    text = re.sub(r"<!--.*?-->", "", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    messages = [item for item in re.findall(r"`([^`\n]+)`", text) if " " in item and not _COMMAND.match(item)]
    assert len(messages) > 2
    parts = [part.strip().lower() for message in messages for part in re.split(r"…|\d+", message) if part.strip()]
    assert [part for part in parts if part not in source()] == []


def test_the_page_has_its_rows() -> None:
    assert len(rows()) > 40
