"""The emulator and our schema against the facts of Imgwire's OpenAPI document."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from emulator_fixture import running

from reconciler.emulator.switches import Switches
from reconciler.schema_files import read_schema

FACTS = (
    Path(__file__).parent / "openapi.json"
)  # what Imgwire's document says of the paths used, without words for people
DOCUMENT = Path(__file__).resolve().parents[3] / "shared" / "imgwire" / "openapi.json"

# Statuses that only the guides tell of, with the one body they tell of.
_IN_PROSE = ("401", "402", "403", "404", "409")
_DOMAIN_ERROR = {
    "type": "object",
    "required": ["detail", "error_type"],
    "properties": {"detail": {"type": "string"}, "error_type": {"type": "string"}},
    "additionalProperties": False,
}
# The guides' rules for a hostname: a bare name of three labels or more.
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOSTNAME = f"^({_LABEL}\\.){{2,}}[A-Za-z]([A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?$"


def _document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return found


_FOR_PEOPLE = frozenset({"title", "summary", "description", "tags", "operationId", "examples"})
_OF_NAMES = frozenset({"properties", "schemas", "headers", "paths", "responses"})


def _facts(part: Any, key: str = "") -> Any:
    """A part of an OpenAPI document without words for people and extensions; what OpenAPI requires of them stays, empty."""
    if isinstance(part, list):
        return [_facts(item) for item in part]
    if not isinstance(part, dict):
        return part
    if key in _OF_NAMES:
        facts = {name: _facts(item) for name, item in part.items()}
        return {name: {"description": "", **item} for name, item in facts.items()} if key == "responses" else facts
    return {
        name: _facts(item, name) for name, item in part.items() if name not in _FOR_PEOPLE and not name.startswith("x-")
    }


@pytest.mark.skipif(not DOCUMENT.exists(), reason="Imgwire's OpenAPI document does not lie beside this checkout")
def test_the_facts_are_those_of_imgwires_document(request: pytest.FixtureRequest) -> None:
    facts = _facts(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    facts["info"] = {"title": "Imgwire, the facts that the emulator keeps to", **facts["info"]}
    if request.config.getoption("--update-golden"):
        FACTS.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    assert _document() == facts


def _completed(only: str) -> dict[str, Any]:
    """The document for the paths below `only`, completed by what Imgwire says in prose, so that every check can be on."""
    document = _document()
    document["paths"] = {path: item for path, item in document["paths"].items() if path.startswith(only)}
    document["components"]["schemas"]["CustomDomainCreateSchema"]["properties"]["hostname"].update(
        pattern=_HOSTNAME, maxLength=253
    )
    for operations in document["paths"].values():
        for operation in operations.values():
            for status in _IN_PROSE:
                content = {"application/json": {"schema": copy.deepcopy(_DOMAIN_ERROR)}}
                operation["responses"][status] = {"description": "Domain error", "content": content}
            for parameter in operation.get("parameters", ()):
                # A header cannot be null: that is what leaving it out means.
                if parameter["in"] == "header":
                    parameter["schema"] = parameter["schema"]["anyOf"][0]
    return document


@pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed")
@pytest.mark.parametrize(
    ("only", "credential", "switches", "examples", "at_least"),
    [
        pytest.param("/api/v1/environments", "session_tests", Switches(), 150, 900, id="environments-by-session"),
        pytest.param("/api/v1/custom_domain", "sk_tests", Switches(), 150, 500, id="custom-domain-by-key"),
        pytest.param(
            # Every valid X-Environment-Id gets through to the custom domain, and every valid hostname is taken.
            "/api/v1/custom_domain",
            "sk_tests",
            Switches(foreign_environment="ignore", second_create="replace"),
            250,
            800,
            id="custom-domain-any-environment",
        ),
    ],
)
def test_every_response_matches_the_openapi_document(
    only: str,
    credential: str,
    switches: Switches,
    examples: int,
    at_least: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """A fifth of the examples, and all of them with `--hypothesis-profile long`."""
    share = 1 if request.config.getoption("--hypothesis-profile") == "long" else 5
    (tmp_path / "openapi.json").write_text(json.dumps(_completed(only)), encoding="utf-8")
    with running(switches) as emulator:
        command = ["run", "openapi.json", "--url", emulator.url, "--checks", "all", "--seed", "1", "--no-color"]
        command += ["--max-examples", str(examples // share), "--header", f"Authorization: Bearer {credential}"]
        done = subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", *command],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
        )
        served = len(emulator.world.log.entries())
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(r"\d+ generated, \d+ passed", done.stdout), done.stdout[-6000:]
    assert served >= at_least // share


def _plain(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """A property's schema without words for people, references followed."""
    if "$ref" in schema:
        found = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return _plain(found, document)
    return {name: value for name, value in schema.items() if name not in {"title", "description", "examples"}}


def test_our_schema_of_a_custom_domain_matches_the_document() -> None:
    document, ours = _document(), json.loads(read_schema("custom-domain"))
    theirs = document["components"]["schemas"]["CustomDomainSchema"]
    assert {name: _plain(item, document) for name, item in ours["properties"].items()} == {
        name: _plain(item, document) for name, item in theirs["properties"].items()
    }
    assert (ours["type"], ours["required"]) == (theirs["type"], theirs["required"])
    assert "additionalProperties" not in ours
