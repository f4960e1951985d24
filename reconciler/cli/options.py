"""The options that commands share, gathered into one value."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.command_line import DEFAULT_EMULATOR_STATE
from reconciler.cli.gathered import gathered
from reconciler.cli.help import api_option, manifest_option, output_option
from reconciler.cli.log import Log
from reconciler.cli.values import COMMENT_KEY, LABEL, NAME, PATH, TIMEOUT, report_file
from reconciler.model.environments import EMULATOR_API_URL
from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from reconciler.operations.report_files import ReportFile
    from reconciler.operations.workspace import Inputs

Decorator = Callable[[Any], Any]

DEFAULT_MANIFEST = "imgwire.yaml"


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, with defaults filled in. `timeout` in seconds; `emulator` is a state file or None."""

    command: str
    format: str
    reports: tuple[ReportFile, ...] = ()
    comment_key: str = ""
    verbosity: int = 0
    log_format: str = "text"
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    shard: str | None = None
    api_url: str | None = None
    emulator: str | None = None
    parallelism: int = 32
    timeout: float = 30.0
    retries: int = 4
    keys_file: str | None = None
    key_variables: tuple[str, ...] = ()
    allow_http: bool = False

    @property
    def log(self) -> Log:
        """Where standard error is written to."""
        return Log(self.verbosity, self.log_format == "json")

    @property
    def formats(self) -> frozenset[str]:
        """Every format that is written somewhere."""
        return frozenset({self.format, *(report.format for report in self.reports)})

    @property
    def read_paths(self) -> tuple[str, ...]:
        """What is read besides a command's own files: manifests, keys, the emulator's state."""
        keys = () if self.keys_file is None else (self.keys_file,)
        state = () if self.emulator is None else (self.emulator, f"{self.emulator}.journal")
        return (*(self.files or (DEFAULT_MANIFEST,)), *keys, *state)

    def inputs(self) -> Inputs:
        """Where manifests, keys and the address come from."""
        from reconciler.operations.workspace import Inputs

        return Inputs(
            environ=os.environ,
            paths=self.files,
            api_url=self.api_url if self.emulator is None else EMULATOR_API_URL,
            keys_file=self.keys_file,
            key_variables=frozenset(self.key_variables),
            allow_http=self.allow_http,
        )


def _output(formats: tuple[str, ...]) -> list[Decorator]:
    comment_key = output_option(
        "--comment-key",
        type=COMMENT_KEY,
        default="",
        help="Name in the hidden marker of Markdown, for several comments. Example: web.",
    )
    return [
        *([comment_key] if "markdown" in formats else []),
        output_option(
            "--format", type=click.Choice(formats), default=formats[0], show_default=True, help="Output format."
        ),
        output_option(
            "--report",
            "reports",
            multiple=True,
            type=report_file(formats),
            help="Also write FORMAT to FILE; +FILE appends. Repeatable. Example: json=report.json.",
        ),
        output_option("-v", "--verbose", "verbosity", count=True, help="Log retries (-v) or every request (-vv)."),
        output_option(
            "--log-format", type=click.Choice(["text", "json"]), default="text", help="Log format on standard error."
        ),
    ]


def _general(command: str) -> list[Decorator]:
    formats = tuple(FORMATS[command])
    return [
        manifest_option(
            "-f",
            "--file",
            "files",
            multiple=True,
            type=PATH,
            help="Manifest, folder, or - for standard input. Repeatable. Default: imgwire.yaml.",
        ),
        *_output(formats),
        api_option(
            "--emulator",
            is_flag=False,
            flag_value=DEFAULT_EMULATOR_STATE,
            metavar="[STATE.json]",
            callback=lambda _context, _option, value: DEFAULT_EMULATOR_STATE if value == "" else value,
            help=f"Use the built-in emulator instead of the API. Default: {DEFAULT_EMULATOR_STATE}.",
        ),
        manifest_option(
            "--allow-key-variable",
            "key_variables",
            multiple=True,
            metavar="NAME",
            help="Let `api_key` use this variable outside IMGWIRE_*. Repeatable.",
        ),
        api_option("--allow-http", is_flag=True, help="Allow plain http to other hosts. Keys are sent unencrypted."),
    ]


_SELECTION: list[Decorator] = [
    manifest_option("--env", "names", multiple=True, type=NAME, help="Select this environment. Repeatable."),
    manifest_option(
        "--selector",
        "selectors",
        multiple=True,
        type=LABEL,
        help="Select environments with this label. Repeatable. Example: team=web.",
    ),
    manifest_option("--shard", metavar="I/N", help="Select share I of N, counted from 0. Example: 0/4."),
]
_API: list[Decorator] = [
    api_option("--keys", "keys_file", metavar="FILE", help="JSON file: environment name to API key."),
    api_option("--api-url", metavar="URL", help="Base URL of the API. Default: https://api.imgwire.dev."),
    api_option(
        "--parallelism", type=click.IntRange(1, 256), default=32, show_default=True, help="Requests in flight, at most."
    ),
    api_option("--timeout", type=TIMEOUT, default=30.0, help="Time limit of one request. Default: 30s."),
    api_option("--retries", type=click.IntRange(0, 20), default=4, show_default=True, help="Retries of a failed read."),
]


def shared(command: str, *, network: bool = True, selection: bool = True) -> Decorator:
    """Give the command the shared options, as an `Options`."""
    added = [*_general(command), *(_SELECTION if selection else []), *(_API if network else [])]
    return gathered("options", functools.partial(Options, command=command), *added)


def output_options(command: str) -> Decorator:
    """The same for a command that reads no manifest: it has the options about output only."""
    return gathered("options", functools.partial(Options, command=command), *_output(tuple(FORMATS[command])))
