"""Suggested command lines repeat the options of this run."""

from __future__ import annotations

import pytest

from reconciler.render.given import with_options


@pytest.mark.parametrize(
    ("given", "more", "line"),
    [
        ("apply --auto-approve", "--allow create", "apply --auto-approve --allow create"),
        ("apply --allow create --env web", "--allow create,replace", "apply --env web --allow create,replace"),
        ("apply --allow=create p.json", "--allow create,replace", "apply p.json --allow create,replace"),
        (
            "apply --max-interruptions 0",
            "--ignore-window --max-interruptions 2",
            "apply --ignore-window --max-interruptions 2",
        ),
        ("apply --unprotect a", "--unprotect b", "apply --unprotect a --unprotect b"),
        ("apply --ignore-window p.json", "--ignore-window", "apply p.json --ignore-window"),
        ("apply -- p.json", "--unprotect b", "apply --unprotect b -- p.json"),
    ],
)
def test_an_added_option_replaces_an_earlier_value(given: str, more: str, line: str) -> None:
    assert " ".join(with_options(given.split(), more.split())) == line
