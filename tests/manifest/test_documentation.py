"""The pages, the schema, the examples and the code say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from reconciler.manifest import parse_documents
from reconciler.manifest.codes import WARNINGS, Code
from reconciler.manifest.sources import ManifestFile
from reconciler.schema_files import NAMES, read_schema

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "diagnostics"
PAGE = (ROOT / "docs" / "diagnostics.md").read_text(encoding="utf-8")
MANIFEST_PAGE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([a-z0-9-]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL))
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").rglob("*.y*ml"))
    if "\nenvironments:" in path.read_text(encoding="utf-8")
]


def test_the_page_has_a_section_for_each_code_and_for_no_other() -> None:
    assert sorted(SECTIONS) == sorted(Code)


def test_warnings_are_told_apart() -> None:
    told = PAGE.partition("\n## Warnings\n")[2]
    assert set(re.findall(r"^### `(.*)`$", told, re.MULTILINE)) == WARNINGS


@pytest.mark.parametrize("code", sorted(set(Code) - {Code.SLOW_YAML}))
def test_each_section_shows_what_is_really_said(code: str) -> None:
    (example,) = re.findall(r"```text\n(.*?)\n```", SECTIONS[code], re.DOTALL)
    said = [path.read_text(encoding="utf-8").rstrip("\n").split("\n\n") for path in CASES.glob(f"{code}*/expected.txt")]
    assert any(example in blocks for blocks in said)
    assert f"[{code}]: " in example
    assert "**Mend it:**" in SECTIONS[code]


def test_the_page_about_the_manifest_tells_of_every_key() -> None:
    schema = json.loads(read_schema("manifest"))
    told = set(re.findall(r"^\| `([^`]+)` \|", MANIFEST_PAGE, re.MULTILINE))
    keys = {"version", "defaults", "environments"}
    keys |= {f"{section}.{key}" for section in ("api", "limits") for key in schema["properties"][section]["properties"]}
    keys |= {f"….{key}" for key in schema["$defs"]["environment"]["properties"]}
    assert told == keys


def test_the_manifest_on_the_page_is_valid() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", MANIFEST_PAGE, re.DOTALL)
    assert len(parse_documents([ManifestFile("page.yaml", text.encode())]).manifest.environments) == 3


@pytest.mark.parametrize("path", EXAMPLES, ids=[str(path.relative_to(ROOT)) for path in EXAMPLES])
def test_an_example_is_valid_and_names_the_schema_for_editors(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert parse_documents([ManifestFile(path.name, text.encode())]).manifest.environments
    modeline = re.search(r"^# yaml-language-server: \$schema=(\S+)$", text, re.MULTILINE)
    assert modeline is not None
    assert (path.parent / modeline[1]).resolve() == ROOT / "schemas" / "manifest.schema.json"


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_found_and_self_contained(name: str) -> None:
    text = read_schema(name)
    assert json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert all(reference.startswith("#") for reference in re.findall(r'"\$ref": *"([^"]*)"', text))
