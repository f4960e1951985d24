from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler.manifest.expectations import known_keys
from reconciler.manifest.fast_schema import environment_fits, head_fits
from reconciler.manifest.schema import validator
from reconciler.schema_files import read_schema

SCHEMA = json.loads(read_schema("manifest"))

NAMES = st.one_of(
    st.sampled_from(
        ["production", "a.b-c_d", "hostname", "labels", "labels2", "sk_x", "Sk_x", "", "a\n", "-a", "é", "a" * 129]
    ),
    st.text("aA0._-/\n é", max_size=5),
)
PINS = st.one_of(st.uuids().map(str), st.uuids().map(lambda uuid: str(uuid).upper() + "\n"), st.just("env_123"))
TEXTS = st.one_of(
    NAMES, PINS, st.sampled_from(["images.example.com", "VARIABLE", "a\0b", "x" * 257, "x" * 4097, "ck_a", "\n"])
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 5), st.sampled_from([1.0, 0.5, float("inf"), -0.0]), TEXTS
)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)


def mappings(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Mostly the right keys, with mostly the right values."""
    right = st.fixed_dictionaries(
        {}, optional={key: st.one_of(value, value, ANYTHING) for key, value in values.items()}
    )
    wrong = st.dictionaries(NAMES, ANYTHING, max_size=1)
    return st.one_of(right, right, st.builds(lambda one, two: {**one, **two}, right, wrong))


SHARED = {
    "api_key": mappings({"env": TEXTS, "file": TEXTS, "dir": TEXTS}),
    "send_environment_id": st.booleans(),
    "protect": st.booleans(),
    "labels": st.dictionaries(NAMES, TEXTS, max_size=3),
}
ENVIRONMENTS = st.one_of(
    ANYTHING,
    mappings({"hostname": st.none() | TEXTS, "environment_id": PINS, **SHARED}).map(
        lambda it: {"hostname": None, **it}
    ),
)
TIMES = st.sampled_from(["22:00", "00:00", "24:00", "9:00", "23:59", "22:60", "22:00\n", "\u0662\u0662:00"])
WINDOWS = mappings(
    {
        "days": st.lists(st.sampled_from(["mon", "sun", "Mon", "monday", 1]), max_size=8),
        "from": TIMES,
        "to": TIMES,
        "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "x" * 65, ""]),
    }
).map(lambda it: {"from": "22:00", "to": "02:00", "time_zone": "UTC", **it} if isinstance(it, dict) else it)
MANIFESTS = mappings(
    {
        "version": st.just(1),
        "api": mappings({"base_url": TEXTS}),
        "limits": mappings(
            {
                "max_interruptions": st.integers(-1, 4),
                "allowed_domains": st.lists(TEXTS, max_size=3),
                "change_windows": st.lists(WINDOWS, max_size=2),
            }
        ),
        "defaults": mappings(SHARED),
        "environments": st.dictionaries(NAMES, ENVIRONMENTS, max_size=3),
    }
)


def limits(setting: str, item: object, count: int) -> dict[str, Any]:
    return {"version": 1, "limits": {setting: [item] * count}, "environments": {}}


WINDOW = {"from": "22:00", "to": "02:00", "time_zone": "UTC"}


@example(limits("change_windows", WINDOW, 100))
@example(limits("change_windows", WINDOW, 101))
@example(limits("allowed_domains", "example.com", 1000))
@example(limits("allowed_domains", "example.com", 1001))
@given(st.one_of(ANYTHING, MANIFESTS, MANIFESTS.map(lambda manifest: {"version": 1, **manifest})))
def test_the_plain_tests_accept_exactly_what_the_schema_accepts(manifest: Any) -> None:
    fits = head_fits(manifest) and all(
        environment_fits(name, value) for name, value in manifest.get("environments", {}).items()
    )
    assert fits == validator().is_valid(manifest)


@given(NAMES, ENVIRONMENTS)
def test_the_plain_tests_accept_exactly_the_environments_that_the_schema_accepts(name: str, value: Any) -> None:
    assert environment_fits(name, value) == validator().is_valid({"version": 1, "environments": {name: value}})


def test_the_schema_is_a_valid_schema_without_references_to_elsewhere() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert all(reference.startswith("#/$defs/") for reference in found(SCHEMA, "$ref"))


def test_an_editor_finds_words_and_examples_for_every_key() -> None:
    for path, schema in properties(SCHEMA):
        target = resolved(schema)
        assert target.get("description"), path
        assert {"default", "examples", "properties"} & target.keys(), path


def test_examples_and_defaults_of_the_schema_are_valid() -> None:
    for path, schema in properties(SCHEMA):
        target = resolved(schema)
        check = Draft202012Validator({"$defs": SCHEMA["$defs"], **target})
        for item in [*target.get("examples", []), *([target["default"]] if "default" in target else [])]:
            assert check.is_valid(item), (path, item)


def test_the_code_and_the_schema_know_the_same_keys() -> None:
    environment = SCHEMA["$defs"]["environment"]["properties"]
    assert list(known_keys(())) == list(SCHEMA["properties"])
    for section in ("api", "limits", "defaults"):
        assert list(known_keys((section,))) == list(SCHEMA["properties"][section]["properties"])
    window = SCHEMA["$defs"]["change_window"]
    assert list(known_keys(("limits", "change_windows", "0"))) == list(window["properties"])
    assert list(known_keys(("environments", "production"))) == list(environment)
    assert list(known_keys(("defaults", "api_key"))) == list(SCHEMA["$defs"]["api_key"]["properties"])


def properties(schema: dict[str, Any], path: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every key a manifest may have, where it is described."""
    rows = []
    for name, inner in [*schema.get("properties", {}).items(), *schema.get("$defs", {}).items()]:
        rows += [(f"{path}/{name}", inner), *properties(inner, f"{path}/{name}")]
    return rows


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def found(value: Any, key: str) -> list[Any]:
    if isinstance(value, list):
        return [hit for item in value for hit in found(item, key)]
    if isinstance(value, dict):
        return [hit for name, item in value.items() for hit in ([item] if name == key else found(item, key))]
    return []
