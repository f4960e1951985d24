"""Finds the JSON Schemas, which lie beside the package in a checkout and inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

NAMES = ("manifest", "plan", "report", "custom-domain")


def read_schema(name: str) -> str:
    """The text of the schema called `name`, one of NAMES. FileNotFoundError where the installation lacks it."""
    here = Path(__file__).parent
    file = f"{name}.schema.json"
    inside = here / "schemas" / file
    return (inside if inside.exists() else here.parent / "schemas" / file).read_text(encoding="utf-8")
