"""The command group. It imports click and the standard library only; a command is imported when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import Any, NoReturn

import click

from reconciler.cli.signals import signals
from reconciler.model.exit_codes import ExitCode
from reconciler.render.suggestions import command_suggestion, usage_message
from reconciler.version import __version__

# In the order of a first use, each with its one line of help: listing them imports nothing.
COMMANDS = {
    "init": "Write a commented starter manifest",
    "validate": "Check manifests (needs no key and no network)",
    "plan": "Show the changes that apply would make",
    "apply": "Create, replace and delete custom domains to match the manifest",
    "verify": "Re-check DNS and certificates, and report what is not ready",
    "drift": "Report drift (for scheduled runs)",
    "status": "Show the live state of every environment",
    "dns": "Show, check or publish the DNS records of custom domains",
    "import": "Generate manifest entries for existing custom domains",
    "show": "Print a saved plan, a receipt or a report",
    "doctor": "Check keys, proxy, DNS, TLS, the clock and the API",
    "explain": "Print the documentation of a diagnostic code or a reason",
    "completion": "Print a completion script for bash, zsh or fish",
    "emulator": "Serve a local Imgwire API for trials and tests",
    "schema": "Print a JSON Schema",
}


class Commands(click.Group):
    """Imports a command on demand, and turns every end into one exit code, in this one place."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        name = "import_" if cmd_name == "import" else cmd_name  # a word of the language cannot name a module
        command: click.Command = getattr(importlib.import_module(f"reconciler.cli.commands.{name}"), name)
        signals.check()
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] == ["help"]:
            args = [*(word for word in args if word != "help"), "--help"]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"No such command '{args[0]}'. {command_suggestion(args[0], COMMANDS)}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        signals.listen(kwargs.pop("first", None))  # a signal during the imports before this
        _open_streams()
        arguments = [str(argument) for argument in (args[0] if args else kwargs.get("args")) or sys.argv[1:]]
        kwargs["obj"] = tuple(arguments)  # so that a message can say the exact next command
        try:
            signals.check()
            code = super().main(*args, **kwargs)
        except click.ClickException as error:
            message = usage_message(error.format_message(), getattr(getattr(error, "param", None), "type", None))
            _print_error(error, message)
            code = ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.ERROR
            code = _document(arguments, code, "usage" if code is ExitCode.USAGE else "error", message)
        except (click.Abort, KeyboardInterrupt):
            code = signals.first or ExitCode.INTERRUPTED
            signals.settle(code)
            click.echo("interrupted", err=True)
            name = "SIGTERM" if code is ExitCode.TERMINATED else "SIGINT"
            code = _document(arguments, code, "interrupted", f"ended by {name}")
        except OSError as error:
            code = ExitCode.ERROR
            _print_error(error, error.strerror or str(error))  # such as a full disk under standard output
        _exit(ExitCode(code or ExitCode.OK))


def _print_error(error: Exception, message: str) -> None:
    from reconciler.cli.log import Log  # not needed for a first `--help`

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        Log().write(f"{message}\n")
        return
    if isinstance(error, click.UsageError) and error.ctx is not None:
        Log().write(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n\n")
    Log().say("error", message)


def _open_streams() -> None:
    """A stream that is closed from the start has no reader. What a terminal cannot write is escaped."""
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as Python does for standard error


def _document(arguments: list[str], code: ExitCode, reason: str, message: str) -> ExitCode:
    """The document and the step outputs exist even when no command came to run."""
    from reconciler.cli.output import publish_early
    from reconciler.model.results import Failed

    command = next((word for word in arguments if word in COMMANDS), None)
    return publish_early(arguments, command, Failed(code, reason, message))


def _exit(code: ExitCode) -> NoReturn:
    """The only exit. A reader that has gone away, or a full disk, is no reason for a traceback or another exit code."""
    signals.settle(code)
    signals.leave()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # Python flushes once more when it ends, and would complain then.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    sys.exit(int(code))


_HELP = """Declarative custom domains for Imgwire.

A YAML manifest declares the hostname of each Environment. `plan` shows what differs from live, `apply` changes it.
Environments that you do not list are left alone. Start with `reconciler init`, or try any command with --emulator."""


@click.command(
    cls=Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="imgwire-reconciler")
def main() -> None:
    """The command line."""
