"""What the API answers is untrusted: none of it moves a cursor, commands a log, or becomes markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

from reconciler.model.escape import break_commands, escape_commands, escape_control, finish_lines
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.markup import code, prose
from reconciler.render.style import Style
from reconciler.schema_files import read_schema
from render import documents

if TYPE_CHECKING:
    from collections.abc import Callable

    from markdown_it.token import Token

    from reconciler.model.results import Report

MARKDOWN = MarkdownIt("commonmark").enable("table")
INVISIBLE_SPACE = "\u200b"  # ours, where a word would become a link
NASTY = [
    "\x1b[31m",
    "\x1b]8;;https://evil.example\x07",
    "\x9b2J",
    "\r",
    "\n",
    "\n::error::pwned",
    "::add-mask::x",
    "%0A::set-output",
    "\u202e",
    "\u2066",
    "\u200f",
    "\ufeff",
    "\u2028",
    "\x00",
    "\ud800",
    "<script>alert(1)</script>",
    "<!--",
    "-->",
    "&lt;",
    "`",
    "``",
    "|",
    "\\",
    "\\|",
    "\n\n# heading",
    "[link](https://evil.example)",
    "![image](https://evil.example)",
    "https://evil.example",
    "www.evil.example",
    "@everyone",
    "#1",
    "*bold*",
    "_it_",
    "~~x~~",
    "---",
    "\t",
    "    code",
    '"',
    "'",
]
hostile = st.lists(st.sampled_from(NASTY) | st.text(max_size=4), min_size=1, max_size=4).map("".join)
DOCUMENTS = pytest.mark.parametrize("make", documents.ALL, ids=lambda make: make.__name__)


def told(make: Callable[[str], Report], said: str, format_: str) -> str:
    document = make(said)
    return renderer(str(document.command), format_)(document, Style())


def plain_formats(make: Callable[[str], Report]) -> list[str]:
    return [name for name in FORMATS[str(make("").command)] if name in {"text", "table", "bind"}]


@DOCUMENTS
@given(said=hostile)
@settings(max_examples=60)
def test_no_control_character_and_no_extra_line_reaches_a_terminal_or_a_log(
    make: Callable[[str], Report], said: str
) -> None:
    for format_ in plain_formats(make):
        text = told(make, said, format_)
        assert [character for character in text if not (character.isprintable() or character == "\n")] == []
        assert text.count("\n") == told(make, "x", format_).count("\n")
        assert [line for line in text.splitlines() if line.lstrip().startswith("::")] == []


def shape(tokens: list[Token]) -> list[str]:
    """The blocks, and in each line what is more than words and code."""
    found = []
    for token in tokens:
        found.append(token.type)
        found += [
            child.type for child in token.children or [] if child.type not in {"text", "code_inline", "text_special"}
        ]
    return found


@DOCUMENTS
@given(said=hostile)
@settings(max_examples=60)
def test_no_outside_text_becomes_markup(make: Callable[[str], Report], said: str) -> None:
    if "markdown" not in FORMATS[str(make("").command)]:
        return
    text = told(make, said, "markdown")
    assert shape(MARKDOWN.parse(text)) == shape(MARKDOWN.parse(told(make, "x", "markdown")))
    invisible = [
        character for character in text if not (character.isprintable() or character in f"\n{INVISIBLE_SPACE}")
    ]
    assert invisible == []
    for link in ("://", "www.", "@everyone", "#1"):
        assert link not in _outside_code(text)


def elements(page: str) -> list[tuple[str, list[str]]]:
    """Every tag of a page but code spans, with the names of its attributes."""
    found: list[tuple[str, list[str]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, [name for name, _ in attrs]))  # type: ignore[method-assign]
    parser.handle_comment = lambda data: found.append(("comment", [data]))  # type: ignore[method-assign]
    parser.feed(page)
    return [item for item in found if item[0] != "code"]


@DOCUMENTS
@given(said=hostile)
@settings(max_examples=40)
def test_no_outside_text_becomes_an_element_or_an_invisible_character_of_a_page(
    make: Callable[[str], Report], said: str
) -> None:
    if "html" not in FORMATS[str(make("").command)]:
        return
    page = told(make, said, "html")
    assert elements(page) == elements(told(make, "x", "html"))
    assert [character for character in page if not (character.isprintable() or character == "\n")] == []
    assert page.count("\n") == told(make, "x", "html").count("\n")


def _outside_code(text: str) -> str:
    return "".join(
        child.content
        for token in MARKDOWN.parse(text)
        for child in token.children or []
        if child.type in {"text", "text_special"}
    )


@DOCUMENTS
@given(said=hostile)
@settings(max_examples=30)
def test_json_is_ascii_and_fits_its_schema_with_any_text(make: Callable[[str], Report], said: str) -> None:
    text = told(make, said, "json")
    assert text.isascii()
    name = "plan" if make("").command == "plan" else "report"
    VALIDATORS[name].validate(json.loads(text))


COMMANDS = [
    "##[stop-commands]x",
    "###[group]",
    "##vso[task.setvariable variable=PATH]x",
    "##VSO[task.complete result=Failed]",
    "##teamcity[message text='x']",
    "::error::pwned",
    "::add-mask::x",
    "::stop-commands::",
    "::set-output name=changes::false",
    "  ::warning file=a,line=1::x",
    "\n::error::x",
    "%0A::error::x",
    ":",
    "::",
    ":::",
    "#",
    "##",
    "[",
    "vso[",
    "error::",
]
commands = st.lists(st.sampled_from(COMMANDS) | st.text(max_size=2), min_size=1, max_size=4).map("".join)


def drift_invalid(said: str) -> Report:
    return replace(documents.plan_invalid(said), command="drift")


def validate_invalid(said: str) -> Report:
    return replace(documents.plan_invalid(said), command="validate")


def drift_failed(said: str) -> Report:
    report = documents.plan_interrupted(said)
    assert report.failed is not None
    return replace(report, command="drift", result=replace(report.failed, hint=f"{said} try again"))


def command_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.lstrip().startswith("::")]


def commands_in(text: str) -> list[str]:
    """What GitHub's runner, Azure Pipelines or a log that is printed again would act on."""
    return re.findall(r"##[\w.-]*\[|::[A-Za-z][\w-]+::", text) + command_lines(text)


@pytest.mark.parametrize(
    "make", [*documents.ALL, drift_invalid, validate_invalid, drift_failed], ids=lambda make: make.__name__
)
@given(said=commands)
@example(said="##[stop-commands]x")
@example(said="##vso[task.setvariable variable=PATH]x")
@example(said="::add-mask::x")
@example(said="an address or a command ::A0::x")
@settings(max_examples=40)
def test_no_format_contains_a_command_of_a_ci_runner(make: Callable[[str], Report], said: str) -> None:
    document = make(said)
    for format_ in FORMATS[str(document.command)]:
        text = told(make, said, format_)
        if format_ == "github":
            assert len(command_lines(text)) == len(text.splitlines()) == len(command_lines(told(make, "x", format_)))
            text = "\n".join(re.sub(r"^::(error|warning) (.*?)::", r"\2 ", line) for line in text.splitlines())
        assert commands_in(text) == []


@given(commands | st.text())
@example("not a break of Unix\r::error::x")
@example("a break of others\x1e ::")
def test_breaking_commands_leaves_none_and_changes_nothing_but_spaces(text: str) -> None:
    broken = break_commands(text)
    assert commands_in(broken) == []
    assert broken.replace(" ", "") == text.replace(" ", "")
    assert break_commands(broken) == broken


@given(commands | st.text())
def test_escaping_commands_in_json_leaves_none_and_keeps_the_value(text: str) -> None:
    escaped = escape_commands(json.dumps({"message": text}))
    assert commands_in(escaped) == []
    assert json.loads(escaped) == {"message": text}


@pytest.mark.parametrize("text", ["fe80::1", "::1", "2001:db8::a", "fd07::abc/64 ok", "# [x]", "a::1"])
def test_an_address_is_no_command(text: str) -> None:
    assert break_commands(f"server {text}") == f"server {text}"


def test_a_quoted_command_line_is_harmless() -> None:
    said = finish_lines("Usage: reconciler plan\n\nError: unexpected (x\n::add-mask::y\x1b[31m##[group] sk_live_1)\n")
    assert said == "Usage: reconciler plan\n\nError: unexpected (x\n: :add-mask::y\\x1b[31m# #[group] [key])\n"


VALIDATORS = {name: Draft202012Validator(json.loads(read_schema(name))) for name in ("plan", "report")}


@given(st.text())
def test_escaped_text_is_one_printable_line_and_stays_as_it_is_the_second_time(text: str) -> None:
    assert escape_control(text).isprintable()
    assert escape_control(escape_control(text)) == escape_control(text)
    assert escape_control(text) == text or not text.isprintable()


@given(hostile | st.text())
def test_a_code_span_contains_the_whole_text(text: str) -> None:
    inline = MARKDOWN.parse(f"a {code(text)} b")[1].children
    assert inline is not None
    kinds = [child.type for child in inline]
    assert kinds == (["text", "code_inline", "text"] if text.strip() else kinds)


@given(hostile | st.text())
def test_prose_reads_like_the_original_text(text: str) -> None:
    """Escapes are for the parser: the words that people see are the words that were said."""
    tokens = MARKDOWN.parse(f"a {prose(text)} b")
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    seen = "".join(child.content for child in tokens[1].children or [])
    said = f"a {escape_control(text)} b"
    assert _words(seen) == _words(said)


def _words(text: str) -> str:
    """Without what `prose` may change: quotes for code, bars, invisible spaces, white space."""
    for gone in (INVISIBLE_SPACE, "`", "'", "|", "¦", " "):
        text = text.replace(gone, "")
    return text
