from __future__ import annotations

import pytest

from reconciler.manifest.selection import select, shard_of
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
    ("names", "selectors", "expected"),
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
                    "no environment has the labels `team=web` among the environments of --env",
                    "labels in the manifest: `stage=live`, `team=data`, `team=web`",
                )
            ],
        ),
    ],
    ids=["misspelt", "in capitals", "two unknown", "a label that none has", "nothing left"],
)
def test_unknown_names_and_labels_are_refused(
    names: list[str], selectors: list[str], expected: list[tuple[str, str]]
) -> None:
    with pytest.raises(InvalidInput) as invalid:
        select(MANIFEST, names, selectors)
    assert [(item.message, item.hint) for item in invalid.value.diagnostics] == expected
    assert {item.code for item in invalid.value.diagnostics} == {"unknown-environment"}


@pytest.mark.parametrize("selector", ["team", "", "=web", "team:web"])
def test_a_selector_of_another_form_is_a_wrong_command_line(selector: str) -> None:
    with pytest.raises(ValueError, match="is not a selector: write `name=value`"):
        select(MANIFEST, [], [selector])


def test_every_environment_is_in_one_shard_and_stays_there() -> None:
    many = Manifest(tuple(Environment(f"env-{number:03}", None, KEY) for number in range(400)))
    shards = [select(many, [], [], f"{index}/4") for index in range(4)]
    assert sorted(item.name for shard in shards for item in shard) == [item.name for item in many.environments]
    assert all(60 < len(shard) < 140 for shard in shards)
    fewer = Manifest(many.environments[::2])
    assert set(select(fewer, [], [], "1/4")) == set(shards[1]) & set(fewer.environments)
    assert [shard_of(name, 4) for name in ("production", "staging", "sandbox", "eu-west-1")] == [1, 0, 2, 2]


def test_a_shard_narrows_a_selection_and_may_be_empty() -> None:
    both = [select(MANIFEST, [], ["team=web"], f"{index}/2") for index in range(2)]
    assert sorted(item.name for shard in both for item in shard) == ["eu", "staging"]
    assert select(MANIFEST, ["zoo"], [], f"{1 - shard_of('zoo', 2)}/2") == ()
    assert select(MANIFEST, [], [], "0/1") == MANIFEST.environments


@pytest.mark.parametrize("shard", ["", "1", "4/4", "0/0", "-1/4", "1/1001", "a/b", "0/4 ", "\u0660/4", "1/2/3"])
def test_a_shard_of_another_form_is_a_wrong_command_line(shard: str) -> None:
    with pytest.raises(ValueError, match="is not a shard: write `I/N`"):
        select(MANIFEST, [], [], shard)
