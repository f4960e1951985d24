"""One folder for each mistake: a manifest and the text and data of its diagnostics. Read them as examples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.documents.diagnostics import diagnostic_object
from reconciler.manifest.codes import Code
from reconciler.manifest.keys import resolve
from reconciler.manifest.loader import load
from reconciler.manifest.selection import select
from reconciler.model.diagnostics import Diagnostic, InvalidInput
from reconciler.render.diagnostics import render_github, render_text

if TYPE_CHECKING:
    from tests.conftest import Golden

CASES = Path(__file__).parents[1] / "cases" / "diagnostics"
NAMES = sorted(path.name for path in CASES.iterdir())


def diagnostics_of(run: dict[str, Any]) -> tuple[Diagnostic, ...]:
    try:
        loaded = load(run.get("files", ()))
        selected = select(loaded.manifest, run.get("env", ()), run.get("selectors", ()))
        return (
            (*loaded.warnings, *resolve(selected, run["environ"])[1])
            if "environ" in run
            else loaded.warnings + loaded.advice
        )
    except InvalidInput as invalid:
        return invalid.diagnostics


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_is_reported_as_in_its_case(
    name: str, golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = CASES / name
    here = tmp_path / "case"
    shutil.copytree(case, here)
    for key in here.glob("*.key.txt"):
        key.chmod(0o644)
    monkeypatch.chdir(here)
    run = json.loads((case / "run.json").read_text()) if (case / "run.json").exists() else {}

    found = diagnostics_of(run)

    text, data = (
        render_text(found),
        json.dumps([diagnostic_object(item) for item in found], indent=2, ensure_ascii=False) + "\n",
    )
    golden(case / "expected.txt", text)
    golden(case / "expected.json", data)
    assert "CANARY" not in text + data + render_github(found) + repr(found)
    if not name.startswith("display-"):
        assert any(name.startswith(item.code) for item in found)
    assert [item.sort_key() for item in found] == sorted(item.sort_key() for item in found)


def test_every_code_has_a_case() -> None:
    shown = {code for code in Code for name in NAMES if name == code or name.startswith(f"{code}-")}
    assert set(Code) - shown == {Code.SLOW_YAML}  # a matter of the installation, not of a manifest
