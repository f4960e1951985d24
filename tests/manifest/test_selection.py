from __future__ import annotations

import pytest

from reconciler.manifest.selection import select
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.environments import Environment, KeyVariable, Manifest

KEY = KeyVariable("KEY")
MANIFEST = Manifest(
    (
        Environment("eu", None, KEY, labels={"team": "web", "stage": "live"}),
        Environment("staging", None, KEY, labels={"team": "web"}),
        Environment("us", None, KEY, labels={"team": "data", "stage": "live"}),
        Environment("zoo", None, KEY),
    )
)


@pytest.mark.parametrize(
    ("names", "selectors", "expected"),
    [
        ([], [], ["eu", "staging", "us", "zoo"]),
        (["us", "eu", "us"], [], ["eu", "us"]),
        ([], ["team=web"], ["eu", "staging"]),
        ([], ["team=web", "stage=live"], ["eu"]),
        (["staging", "us"], ["stage=live"], ["us"]),
    ],
    ids=["all", "one of the names", "a label", "all of the labels", "names and labels"],
)
def test_a_selection_narrows(names: list[str], selectors: list[str], expected: list[str]) -> None:
    assert [item.name for item in select(MANIFEST, names, selectors)] == expected


@pytest.mark.parametrize(
    ("names", "selectors", "told"),
    [
        (["stagin"], [], [("the manifest has no environment `stagin`", "did you mean `staging`?")]),
        (["STAGING"], [], [("the manifest has no environment `STAGING`", "did you mean `staging`?")]),
        (
            ["x", "eu", "y"],
            [],
            [
                ("the manifest has no environment `x`", "environments in the manifest: `eu`, `staging`, `us`, `zoo`"),
                ("the manifest has no environment `y`", "environments in the manifest: `eu`, `staging`, `us`, `zoo`"),
            ],
        ),
        (
            [],
            ["team=no"],
            [
                (
                    "no environment has the labels `team=no`",
                    "labels in the manifest: `stage=live`, `team=data`, `team=web`",
                )
            ],
        ),
        (
            ["zoo"],
            ["team=web"],
            [
                (
                    "no environment has the labels `team=web` among those named with --env",
                    "labels in the manifest: `stage=live`, `team=data`, `team=web`",
                )
            ],
        ),
    ],
    ids=["misspelt", "in capitals", "two unknown", "a label that none has", "nothing left"],
)
def test_a_selection_of_what_is_not_there_is_refused(
    names: list[str], selectors: list[str], told: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidInput) as invalid:
        select(MANIFEST, names, selectors)
    assert [(item.message, item.hint) for item in invalid.value.diagnostics] == told
    assert {item.code for item in invalid.value.diagnostics} == {"unknown-environment"}


@pytest.mark.parametrize("selector", ["team", "", "=web", "team:web"])
def test_a_selector_of_another_form_is_a_wrong_command_line(selector: str) -> None:
    with pytest.raises(ValueError, match="is not a selector: write `name=value`"):
        select(MANIFEST, [], [selector])
