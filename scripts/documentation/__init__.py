"""The pages that are generated from code and schemas, as text by path. Nothing here reads the network."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def generated() -> dict[str, str]:
    """Every generated file of the repository: its path below the root, and what it must contain."""
    from . import command_pages, exit_code_page, man_pages, metrics_page, python_page, schema_page

    return {
        "docs/reference/commands.md": command_pages.render(),
        "docs/reference/exit-codes.md": exit_code_page.render(),
        "docs/reference/documents.md": schema_page.render(),
        "docs/reference/metrics.md": metrics_page.render(),
        "docs/reference/python.md": python_page.render(),
        **man_pages.render(),
    }
