"""Help pages and the hints for words of other tools."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from reconciler.cli import help as pages
from reconciler.cli.main import COMMANDS, main
from reconciler.render.suggestions import command_suggestion


@click.command(
    cls=pages.Command,
    help="Do it.",
    exit_codes=[("0", "done")],
    examples=[("tool do --out x", "Save it")],
)
@click.option("--format", cls=pages.Option, group=pages.OUTPUT, help="Output format.")
@click.option("--out", cls=pages.Option, help="Save it.")
@click.option("--env", "--auto-approve", cls=pages.Option, hidden=True)
def do(**_: object) -> None: ...


def test_a_help_page_lists_groups_then_exit_codes_then_examples() -> None:
    assert CliRunner().invoke(do, ["--help"]).output == (
        "Usage: do [OPTIONS]\n\n  Do it.\n\n"
        "Options:\n  --out TEXT  Save it.\n\n"
        "Output:\n  --format TEXT  Output format.\n\n"
        "Other:\n  --help  Show this message and exit.\n\n"
        "Exit codes:\n  0  done\n\n"
        "Examples:\n  tool do --out x  Save it\n"
    )


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (["-target=web"], "No such option: -target. Use --env NAME."),
        (["-json"], "No such option: -json. Use --format json."),
        (["-auto-approve"], "No such option: -auto-approve. Use --auto-approve."),
        (["-var", "x=1"], "No such option: -var."),
        (["-lock=false"], "No such option: -lock."),
        (["-n", "web"], "No such option '-n'."),
        (["--yes"], "No such option: --yes. Use --auto-approve."),
        (["--environment=web"], "No such option: --environment. Use --env NAME."),
        (["--no-color"], "No such option: --no-color. Use the variable NO_COLOR=1."),
        (["-destroy"], "No such option: -destroy. Use `hostname: null` in the manifest, then `reconciler apply`."),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_an_option_of_another_tool_is_answered_with_ours(arguments: list[str], answer: str) -> None:
    ended = CliRunner().invoke(do, arguments)
    assert ended.exit_code == 2
    assert answer in ended.output


@pytest.mark.parametrize("arguments", [["plan", "imgwire.yaml"], ["status", "web"], ["apply", "plan.json", "web"]])
def test_an_argument_too_many_is_answered_with_the_option_for_it(arguments: list[str]) -> None:
    ended = CliRunner().invoke(main, arguments)
    assert (ended.exit_code, ended.stdout) == (64, "")
    assert f"({arguments[-1]}). Use --file PATH for a manifest, and --env NAME for an environment." in ended.stderr


@pytest.mark.parametrize("option", ["--yes", "--auto-approve", "-y", "--force"])
def test_a_command_that_changes_nothing_needs_no_approval(option: str) -> None:
    ended = CliRunner().invoke(main, ["plan", option])
    assert ended.exit_code == 64
    assert ended.stderr.endswith(f"No such option: {option}. `plan` changes no custom domain and needs no approval.\n")


@pytest.mark.parametrize(("word", "suggestion"), [("plam", "Did you mean 'plan'?"), ("destroy", "`hostname: null`")])
def test_help_of_an_unknown_command_fails_with_a_suggestion(word: str, suggestion: str) -> None:
    ended = CliRunner().invoke(main, ["help", word])
    assert (ended.exit_code, ended.stdout) == (64, "")
    assert suggestion in ended.stderr


def test_help_of_a_subcommand_is_its_page() -> None:
    assert CliRunner().invoke(main, ["help", "dns", "show"]).output.startswith("Usage: main dns show")
    assert CliRunner().invoke(main, ["help"]).output == CliRunner().invoke(main, ["--help"]).output


@pytest.mark.parametrize(
    "arguments",
    [["schema"], ["completion", "csh"], ["plan", "--report", "foo=x"], ["validate", "--format", "xml"], ["destroy"]],
    ids=" ".join,
)
def test_a_usage_error_in_a_pipe_is_one_line(arguments: list[str]) -> None:
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == 64
    *_, empty, message = ended.stderr.splitlines()
    assert (empty, message.startswith("error: "), "\\t" in message) == ("", True, False)


@pytest.mark.parametrize("width", ["60", "80", "120"])
def test_a_list_of_subcommands_cuts_no_sentence(width: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    ended = CliRunner().invoke(main, ["dns", "--help"])
    assert "..." not in ended.stdout.partition("Commands:")[2]
    assert ended.stdout.endswith("\n")
    assert CliRunner().invoke(main, ["dns"]).stderr.split() == ended.stdout.split()


def test_an_unknown_option_keeps_the_suggestion_of_click() -> None:
    assert "--format" in CliRunner().invoke(do, ["--fromat=x"]).output


def test_command_hints_cover_the_words_of_other_tools() -> None:
    for word in ("destroy", "refresh", "fmt", "diff", "sync", "version"):
        assert command_suggestion(word, ())
    assert command_suggestion("plan", ()) == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_examples_and_short_lines(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = CliRunner().invoke(main, [name, "--help"])
    assert ended.exit_code == 0
    assert all(len(line) <= 80 for line in ended.output.splitlines())
    assert ended.output == CliRunner().invoke(main, ["help", name]).output


@pytest.mark.parametrize("word", ["destroy", "fmt", "refresh"])
def test_a_command_of_another_tool_gets_a_suggestion(word: str) -> None:
    ended = CliRunner().invoke(main, [word])
    assert ended.exit_code == 64
    assert command_suggestion(word, ()) in " ".join(ended.output.split())


def test_explain_prints_the_documentation_of_a_code() -> None:
    ended = CliRunner().invoke(main, ["explain", "apex-hostname"])
    assert (ended.exit_code, ended.output.splitlines()[0]) == (0, "apex-hostname")
    assert CliRunner().invoke(main, ["explain", "apex-hostnam"]).exit_code == 64


def test_explain_lists_every_code_below_a_heading() -> None:
    ended = CliRunner().invoke(main, ["explain"])
    title, *groups = ended.output.split("\n\n")
    assert (ended.exit_code, title.startswith("Run `reconciler explain CODE`")) == (0, True)
    rows = [line for group in groups for line in group.splitlines()[1:]]
    assert all(re.fullmatch(r"  [a-z0-9_-]+ {2,}\S.*", row) for row in rows)
    assert {"apex-hostname", "stale_plan"} <= {row.split()[0] for row in rows}


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("apply --doit", "Use --auto-approve."),
        ("dns sync --doit", "Use --auto-approve."),
        ("verify --doit", "`verify` changes no custom domain and needs no approval."),
        ("apply --dry-run", "Use `reconciler plan`."),
        ("dns sync --dry-run", "`dns sync` shows the records and asks before it publishes them."),
        ("drift --dry-run", "`drift` changes no custom domain."),
    ],
)
def test_an_option_of_octodns_or_kubectl_is_answered_for_the_command(line: str, advice: str) -> None:
    ended = CliRunner().invoke(main, line.split())
    assert ended.exit_code == 64
    assert f"No such option: {line.rpartition(' ')[2]}. {advice}" in ended.stderr
