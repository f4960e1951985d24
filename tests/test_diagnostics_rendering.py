from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.documents.diagnostics import diagnostic_object
from reconciler.model.diagnostics import Diagnostic, Excerpt, Related, Severity, Span
from reconciler.model.escape import escape_control
from reconciler.render.diagnostics import render_github, render_text
from reconciler.render.layout import columns as width
from reconciler.render.style import Style

ERROR = Diagnostic(
    Severity.ERROR,
    "hostname-claimed-twice",
    "`images.example.com` is claimed by `a` too",
    hint="100% sure: remove one, or both",
    span=Span("dir/a,b:c.yaml", 12, 5, 3),
    source=Excerpt("  b: foo", 5, 3),
    related=(Related(Span("other.yaml", 3, 4, 3), "`a` claims it here", Excerpt("a: foo", 3, 3)),),
    environment="b",
)
WARNING = Diagnostic(Severity.WARNING, "slow-yaml", "slow")


def test_text_shows_both_places_in_one_gutter() -> None:
    assert (
        render_text([ERROR, WARNING])
        == """\
dir/a,b:c.yaml:12:5: error[hostname-claimed-twice]: `images.example.com` is claimed by `a` too
   |
12 |   b: foo
   |      ^^^
other.yaml:3:4: note: `a` claims it here
   |
 3 | a: foo
   |    ---
   |
hint: 100% sure: remove one, or both

warning[slow-yaml]: slow
"""
    )


def test_neighbours_of_one_line_have_an_equal_hint_once() -> None:
    missing = [
        Diagnostic(Severity.ERROR, "key-missing", f"no key for `{name}`", hint=hint, span=Span("imgwire.yaml", line, 3))
        for line, (name, hint) in enumerate([("a", "set it"), ("b", "set it"), ("c", "name it")], 3)
    ]
    assert (
        render_text(missing)
        == """\
imgwire.yaml:3:3: error[key-missing]: no key for `a`
imgwire.yaml:4:3: error[key-missing]: no key for `b`
hint: set it

imgwire.yaml:5:3: error[key-missing]: no key for `c`
hint: name it
"""
    )
    assert render_text([ERROR, ERROR]).count("hint: ") == 2


def test_colour_adds_nothing_but_colour() -> None:
    import re

    assert re.sub(r"\x1b\[[0-9;]*m", "", render_text([ERROR, WARNING], Style(colour=True))) == render_text(
        [ERROR, WARNING]
    )
    assert "\x1b[31merror[hostname-claimed-twice]\x1b[0m" in render_text([ERROR], Style(colour=True))


def test_nothing_to_tell_is_an_empty_text() -> None:
    assert (render_text([]), render_github([])) == ("", "")


def test_annotations_are_escaped_as_github_wants() -> None:
    assert render_github([ERROR, WARNING]) == (
        "::error file=dir/a%2Cb%3Ac.yaml,line=12,col=5,endColumn=8,title=hostname-claimed-twice::"
        "`images.example.com` is claimed by `a` too%0Aother.yaml:3:4: `a` claims it here%0A"
        "hint: 100%25 sure: remove one, or both\n"
        "::warning title=slow-yaml::slow\n"
    )


def test_data_has_stable_keys() -> None:
    assert [diagnostic_object(item) for item in (ERROR, WARNING)] == [
        {
            "severity": "error",
            "code": "hostname-claimed-twice",
            "message": "`images.example.com` is claimed by `a` too",
            "hint": "100% sure: remove one, or both",
            "file": "dir/a,b:c.yaml",
            "line": 12,
            "column": 5,
            "environment": "b",
            "related": [{"label": "`a` claims it here", "file": "other.yaml", "line": 3, "column": 4}],
        },
        {
            "severity": "warning",
            "code": "slow-yaml",
            "message": "slow",
            "hint": None,
            "file": None,
            "line": None,
            "column": None,
            "environment": None,
            "related": [],
        },
    ]


@pytest.mark.parametrize(
    ("text", "start", "length", "shown"),
    [
        ("a: b", 3, 1, ["a: b", "   ^"]),
        ("\ta: b", 4, 1, ["    a: b", "       ^"]),
        ("語: b", 3, 1, ["語: b", "    ^"]),
        ("a: 語語", 3, 2, ["a: 語語", "   ^^^^"]),
        ("e\u0301: b", 4, 1, ["e\u0301: b", "   ^"]),
        ("\u202ea: b", 4, 1, ["\\u202ea: b", "         ^"]),
        ("a: ", 3, 1, ["a:", "   ^"]),
        ("🙂: b", 3, 1, ["🙂: b", "    ^"]),
    ],
    ids=["plain", "tab", "wide before", "wide marked", "combining", "bidi override", "at the end", "emoji"],
)
def test_the_marker_stands_under_what_a_terminal_shows(text: str, start: int, length: int, shown: list[str]) -> None:
    diagnostic = Diagnostic(Severity.ERROR, "x", "x", span=Span("f", 1, 1), source=Excerpt(text, start, length))
    lines = render_text([diagnostic]).splitlines()
    assert [line[4:] for line in lines[2:4]] == shown


EXCERPTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc"]) | st.sampled_from("aé語\t🙂\u0301"), min_size=1
).flatmap(lambda text: st.builds(Excerpt, st.just(text), st.integers(0, len(text) - 1), st.integers(1, 200)))


@given(EXCERPTS, st.integers(1, 120))
@example(Excerpt("0" * 40, 0, 36), 40)  # the mark fills the line and something follows
def test_a_source_line_never_leaves_the_terminal(excerpt: Excerpt, columns: int) -> None:
    diagnostic = Diagnostic(Severity.ERROR, "x", "x", span=Span("f", 1, 1), source=excerpt)
    for line in render_text([diagnostic], Style(width=columns)).splitlines()[1:]:
        assert width(line) <= max(40, columns)


@given(st.text(st.characters(), max_size=50))
def test_no_text_hides_or_moves_anything(text: str) -> None:
    diagnostic = Diagnostic(
        Severity.ERROR, "x", text, text, Span(text, 1, 1), Excerpt(text, 0, 1), (Related(Span(text, 1, 1), text),), text
    )
    rendered = render_text([diagnostic]) + render_github([diagnostic])
    assert all(line.isprintable() for line in rendered.split("\n"))
    assert len(render_github([diagnostic]).splitlines()) == 1
    json.dumps(diagnostic_object(diagnostic), ensure_ascii=False).encode()
    assert escape_control(escape_control(text)) == escape_control(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünïcode 語", "plain ünïcode 語"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("\u200b\u2028\u00a0\ufeff", "\\u200b\\u2028\\xa0\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
    ids=ascii,
)
def test_what_is_not_printable_becomes_visible(text: str, shown: str) -> None:
    assert escape_control(text) == shown
