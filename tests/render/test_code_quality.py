"""Diagnostics for code review tools."""

from __future__ import annotations

import json

from reconciler.model.diagnostics import Diagnostic, Excerpt, Related, Severity, Span
from reconciler.render.code_quality import render_codeclimate, render_rdjson, render_sarif

LINE = '  büro: {hostname: "example.com"}'
APEX = Diagnostic(
    Severity.ERROR,
    "apex-hostname",
    "`example.com` is an apex domain",
    "use a subdomain",
    Span("conf d/imgwire.yaml", 7, 20, 13),
    Excerpt(LINE, 19, 13),
    (Related(Span("other.yaml", 2, 3, 4), "also here"),),
)
NO_PLACE = Diagnostic(Severity.WARNING, "file-not-found", "no such file: a.yaml")


def test_sarif_places_a_problem_in_code_points_and_links_its_explanation() -> None:
    run = json.loads(render_sarif([APEX, NO_PLACE]))["runs"][0]
    assert run["columnKind"] == "unicodeCodePoints"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["apex-hostname", "file-not-found"]
    first, second = run["results"]
    assert first["level"] == "error"
    assert first["message"]["text"] == "`example.com` is an apex domain Hint: use a subdomain"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "conf%20d/imgwire.yaml"},
        "region": {"startLine": 7, "startColumn": 20, "endColumn": 33},
    }
    assert first["relatedLocations"][0]["message"]["text"] == "also here"
    assert (second["level"], second["locations"]) == ("warning", [])


def test_codeclimate_has_what_gitlab_requires_of_every_issue() -> None:
    issues = json.loads(render_codeclimate([APEX, NO_PLACE]))
    for issue in issues:
        assert {"description", "check_name", "fingerprint", "severity", "location"} <= set(issue)
        assert issue["location"]["lines"]["begin"] >= 1
    assert [issue["location"]["path"] for issue in issues] == ["conf d/imgwire.yaml", "."]


def test_fingerprints_survive_shifted_lines_and_tell_repeats_apart() -> None:
    shifted = Diagnostic(APEX.severity, APEX.code, APEX.message, span=Span("conf d/imgwire.yaml", 9, 1))
    once, twice = (json.loads(render_codeclimate(items)) for items in ([APEX], [shifted, shifted]))
    assert once[0]["fingerprint"] == twice[0]["fingerprint"] != twice[1]["fingerprint"]


def test_rdjson_counts_columns_in_bytes_and_leaves_out_what_it_cannot_count() -> None:
    cut = Diagnostic(
        Severity.ERROR, "invalid-hostname", "bad", span=Span("a.yaml", 3, 500, 4), source=Excerpt("…bad", 1, 3)
    )
    first, second, third = json.loads(render_rdjson([APEX, cut, NO_PLACE]))["diagnostics"]
    assert first["severity"] == "ERROR"
    assert first["location"]["range"] == {"start": {"line": 7, "column": 21}, "end": {"line": 7, "column": 34}}
    assert second["location"]["range"] == {"start": {"line": 3}, "end": {"line": 3}}
    assert "range" not in third["location"]
