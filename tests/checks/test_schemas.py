"""The schemas are what they say, stand on their own, and say neither more nor less than the code writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from reconciler.cli.main import main
from reconciler.model.domains import FIELDS
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Action
from reconciler.model.report import DriftKind, StepState, Verdict
from reconciler.schema_files import NAMES, read_schema

SCHEMAS: dict[str, dict[str, Any]] = {name: json.loads(read_schema(name)) for name in NAMES}


def references(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [found for item in schema for found in references(item)]
    if isinstance(schema, dict):
        own = [schema["$ref"]] if isinstance(schema.get("$ref"), str) else []
        return own + [found for item in schema.values() for found in references(item)]
    return []


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_2020_12(name: str) -> None:
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_needs_no_other_file(name: str) -> None:
    definitions = {f"#/$defs/{key}" for key in SCHEMAS[name].get("$defs", {})}
    assert set(references(SCHEMAS[name])) <= definitions
    assert definitions <= set(references(SCHEMAS[name])), "and defines nothing that it does not use"


@pytest.mark.parametrize("name", NAMES)
def test_the_command_prints_the_file(name: str) -> None:
    assert CliRunner().invoke(main, ["schema", name]).output == read_schema(name)


@pytest.mark.parametrize("name", ["plan", "report"])
def test_every_word_of_the_code_is_in_the_schema(name: str) -> None:
    schema = SCHEMAS[name]
    environment = schema["$defs"]["environment"]["properties"]
    running = name == "report"  # a receipt while its run goes on
    codes, outcomes = {int(code) for code in ExitCode}, {code.outcome for code in ExitCode}
    assert set(schema["properties"]["exit_code"]["enum"]) == (codes | {None} if running else codes)
    assert set(schema["properties"]["outcome"]["enum"]) == (outcomes | {"running"} if running else outcomes)
    assert set(environment["action"]["enum"]) == set(Action)
    assert tuple(schema["$defs"]["live"]["properties"]) == FIELDS
    if name == "report":
        assert set(environment["verdict"]["enum"]) >= set(Verdict)
        assert set(schema["$defs"]["step"]["properties"]["state"]["enum"]) == set(StepState)
        assert set(schema["$defs"]["finding"]["properties"]["kind"]["enum"]) == set(DriftKind)


@pytest.mark.parametrize("name", ["plan", "report"])
def test_a_document_with_a_key_too_many_or_too_few_does_not_fit(name: str) -> None:
    def loose(schema: object, path: str = "") -> list[str]:
        if isinstance(schema, list):
            return [found for index, item in enumerate(schema) for found in loose(item, f"{path}/{index}")]
        if not isinstance(schema, dict):
            return []
        own = [path] if schema.get("type") == "object" and schema.get("additionalProperties", True) is True else []
        return own + [found for key, item in schema.items() for found in loose(item, f"{path}/{key}")]

    assert loose(SCHEMAS[name]) == []


def test_no_document_has_a_field_that_could_hold_a_key() -> None:
    def names(schema: object) -> set[str]:
        if isinstance(schema, list):
            return {found for item in schema for found in names(item)}
        if not isinstance(schema, dict):
            return set()
        return set(schema.get("properties", {})) | {found for item in schema.values() for found in names(item)}

    for name in ("plan", "report"):
        assert not {field for field in names(SCHEMAS[name]) if "key" in field or "secret" in field or "token" in field}
