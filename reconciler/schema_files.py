"""Finds the JSON Schemas, which lie beside the package in a checkout and inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

NAMES = ("manifest", "plan", "report", "custom-domain")


def read_schema(name: str) -> str:
    """The text of the schema called `name`, one of NAMES. FileNotFoundError where the installation lacks it."""
    from importlib.resources import files  # also from inside a zip; not needed by most commands

    file = f"{name}.schema.json"
    inside = files("reconciler").joinpath("schemas", file)
    if inside.is_file():
        return inside.read_text("utf-8")
    return (Path(__file__).parent.parent / "schemas" / file).read_text(encoding="utf-8")
