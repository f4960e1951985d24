"""The command line stays thin."""

from __future__ import annotations

import ast
from pathlib import Path

CLI = Path(__file__).parents[2] / "reconciler" / "cli"
MAX_FUNCTION, MAX_COMMAND_FUNCTION = 60, 40
MAX_LINES = 2_300  # of the whole folder


def functions(folder: Path) -> dict[str, int]:
    """The length of each function below the folder, without its decorators."""
    return {
        f"{path.relative_to(CLI)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_the_command_line_is_small() -> None:
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in CLI.rglob("*.py")) < MAX_LINES


def test_no_function_of_the_command_line_is_long() -> None:
    assert {name: lines for name, lines in functions(CLI).items() if lines > MAX_FUNCTION} == {}
    in_commands = functions(CLI / "commands")
    assert {name: lines for name, lines in in_commands.items() if lines > MAX_COMMAND_FUNCTION} == {}
