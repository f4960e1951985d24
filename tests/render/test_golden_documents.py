"""Whole outputs, for people to read in review: each document in each format."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from reconciler.model.domains import Present
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import ApplyResult
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.style import Style
from reconciler.schema_files import read_schema
from render import documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Golden

    from reconciler.model.results import Report

GOLDEN = Path(__file__).parent.parent / "golden"
ELSEWHERE = {"drift": {"text", "json", "markdown"}, "dns show": {"table", "json", "bind"}}  # the rest has its own tests
ENDINGS = {
    "text": "txt",
    "table": "txt",
    "json": "json",
    "markdown": "md",
    "bind": "zone",
    "dotenv": "env",
    "github": "github.txt",
    "gitlab": "tf.json",
    "html": "html",
}
ROWS = [
    (make, format_)
    for make in documents.ALL
    for format_ in FORMATS[str(make().command)]
    if format_ in ELSEWHERE.get(str(make().command), {format_})
]


def _id(value: object) -> str:
    return value if isinstance(value, str) else getattr(value, "__name__", "")


@pytest.mark.parametrize(("make", "format_"), ROWS, ids=_id)
def test_a_document_looks_as_it_did(make: Callable[[], Report], format_: str, golden: Golden) -> None:
    document = make()
    text = renderer(str(document.command), format_)(document, Style())
    text = documents.main_of(text) if format_ == "html" else text
    # The version is the one thing that may change without a change of format.
    golden(GOLDEN / f"{make.__name__}.{ENDINGS[format_]}", re.sub(r'("version": )"[\d.]+"', r'\1"…"', text))


@pytest.mark.parametrize("make", documents.ALL, ids=_id)
def test_json_fits_its_schema(make: Callable[[], Report]) -> None:
    document = make()
    name = "plan" if document.command == "plan" else "report"
    content = json.loads(renderer(str(document.command), "json")(document, Style()))
    Draft202012Validator(json.loads(read_schema(name)), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        content
    )


@pytest.mark.parametrize("make", documents.ALL, ids=_id)
def test_colour_says_nothing_that_the_text_does_not(make: Callable[[], Report]) -> None:
    document = make()
    show = renderer(str(document.command), next(iter(FORMATS[str(document.command)])))
    assert re.sub(r"\x1b\[\d+m", "", show(document, Style(colour=True))) == show(document, Style())


@pytest.mark.parametrize("make", documents.ALL, ids=_id)
def test_a_narrow_terminal_gets_the_same_words(make: Callable[[], Report]) -> None:
    document = make()
    show = renderer(str(document.command), next(iter(FORMATS[str(document.command)])))
    narrow = "".join(show(document, Style(width=40, verbose=True)).split())
    # A list of records has no heading, and the names of the records have what they are for.
    left_out = {"ENVIRONMENT", "FOR", "TYPE", "VALUE", "routing", "validation"}
    left_out = left_out if document.command == "dns show" else {"ENVIRONMENT"}
    assert {word for word in show(document, Style()).split() if word not in narrow} <= left_out


@pytest.mark.parametrize("where", ["steps", "wait"])
def test_an_interrupted_apply_lists_what_it_created_and_is_not_ready(where: str) -> None:
    report = documents.apply_done()
    result = report.content
    assert isinstance(result, ApplyResult)
    fresh = replace(result.applied.live["books"].domain, status="PENDING")  # type: ignore[union-attr]
    applied = replace(result.applied, live={"books": Present(fresh)})
    line = "  xn--bcher-kva.example.com (bücher.example.com) in books: status PENDING, certificate ACTIVE"
    for code in (None, ExitCode.INTERRUPTED):
        now = replace(result, applied=replace(applied, interrupted=code if where == "steps" else None))
        now = replace(now, wait_interrupted=code if where == "wait" else None)
        text = renderer("apply", "text")(replace(report, result=now), Style())
        assert (f"Created and not ready:\n{line}\n" in text) == (code is not None)
