"""The documentation, the schema, the examples and the code agree."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.manifest.codes import Code
from reconciler.manifest.explanations import section
from reconciler.manifest.loader import parse_documents
from reconciler.manifest.sources import ManifestFile
from reconciler.schema_files import NAMES, read_schema

if TYPE_CHECKING:
    from tests.conftest import Golden

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "diagnostics"
PAGE = ROOT / "docs" / "diagnostics.md"
MANIFEST_PAGE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").rglob("*.y*ml"))
    if "\nenvironments:" in path.read_text(encoding="utf-8")
]


def test_every_code_is_documented_and_no_other_is() -> None:
    assert sorted(re.findall(r"^### `(.*)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == sorted(Code)


def test_warnings_have_a_chapter_of_their_own() -> None:
    chapter = PAGE.read_text(encoding="utf-8").partition("\n## Warnings\n")[2]
    assert set(re.findall(r"^### `(.*)`$", chapter, re.MULTILINE)) == {
        Code.SHARED_VARIABLE,
        Code.LONG_HOSTNAME,
        Code.KEY_FILE_MODE,
        Code.SLOW_YAML,
    }


def test_each_section_shows_the_output_of_its_case(golden: Golden) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for code in sorted(set(Code) - {Code.SLOW_YAML}):
        blocks = (CASES / code / "expected.txt").read_text(encoding="utf-8").rstrip("\n").split("\n\n")
        example = next(block for block in blocks if f"[{code}]: " in block)
        section = re.compile(rf"(^### `{code}`\n.*?\n```text\n).*?(^```$)", re.MULTILINE | re.DOTALL)
        page, count = section.subn(lambda match: f"{match[1]}{example}\n{match[2]}", page, count=1)  # noqa: B023
        assert count == 1, code
    golden(PAGE, page)


@pytest.mark.parametrize("code", sorted(Code))
def test_a_code_can_be_explained(code: Code) -> None:
    text = section(code)
    assert text is not None
    assert text.startswith(f"### `{code}`\n\n")
    assert "**Fix:** " in text
    assert text.count("### ") == 1
    assert "\n## " not in text


def test_an_unknown_code_has_no_explanation() -> None:
    assert [section(code) for code in ("", "nonsense", "`", "Diagnostics")] == [None] * 4


def test_the_page_about_the_manifest_documents_every_key() -> None:
    schema = json.loads(read_schema("manifest"))
    documented = set(re.findall(r"^\| `([^`]+)` \|", MANIFEST_PAGE, re.MULTILINE))
    keys = {"version", "defaults", "environments"}
    keys |= {f"{section}.{key}" for section in ("api", "limits") for key in schema["properties"][section]["properties"]}
    keys |= {f"….{key}" for key in schema["$defs"]["environment"]["properties"]}
    assert documented == keys


def test_the_manifest_on_the_page_is_valid() -> None:
    text, limits = re.findall(r"```yaml(?: title=\S+)?\n(.*?)```", MANIFEST_PAGE, re.DOTALL)
    assert len(parse_documents([ManifestFile("page.yaml", text.encode())]).manifest.environments) == 3
    rest = "version: 1\nenvironments: {a: images.example.com}\n" + limits
    assert len(parse_documents([ManifestFile("limits.yaml", rest.encode())]).manifest.change_windows) == 2


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
