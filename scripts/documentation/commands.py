"""The commands and their options, as click knows them."""

from __future__ import annotations

from dataclasses import dataclass

import click

from reconciler.cli.main import main


@dataclass(frozen=True, slots=True)
class Option:
    """One option: how it is written, what it does, its default in words or None, and its heading in the help."""

    names: tuple[str, ...]
    value: str | None
    help: str
    default: str | None
    group: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command by its whole name, such as `dns show`. `text` is its help; blank lines divide the paragraphs.

    `exit_codes` are (number, meaning), `examples` are (command line, what it does).
    """

    name: str
    usage: str
    text: str
    options: tuple[Option, ...]
    exit_codes: tuple[tuple[str, str], ...]
    examples: tuple[tuple[str, str], ...]


def commands() -> list[Command]:
    """Every command in the order of `reconciler --help`; a group comes before its commands."""
    return _below(main, click.Context(main, info_name="reconciler"), "")


def _below(group: click.Group, context: click.Context, prefix: str) -> list[Command]:
    found: list[Command] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        whole = f"{prefix}{name}"
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join([inner.command_path, *command.collect_usage_pieces(inner)])
        options = [_option(option, inner) for option in command.get_params(inner) if isinstance(option, click.Option)]
        found.append(
            Command(
                whole,
                usage,
                _plain(command.help or ""),
                tuple(filter(None, options)),
                tuple(getattr(command, "exit_codes", ())),
                tuple(getattr(command, "examples", ())),
            )
        )
        if isinstance(command, click.Group):
            found += _below(command, inner, f"{whole} ")
    return found


def _option(option: click.Option, context: click.Context) -> Option | None:
    if option.hidden or "--help" in option.opts:
        return None
    takes_value = not (option.is_flag or option.count)
    value = option.make_metavar(context) if takes_value or option.metavar else None
    default = option.default if takes_value and option.show_default and option.default is not None else None
    heading = getattr(option, "group", None) or "Options"
    return Option(
        (*option.opts, *option.secondary_opts),
        value,
        " ".join((option.help or "").split()),
        None if default is None else f"{default:g}" if isinstance(default, float) else str(default),
        str(heading),
    )


def _plain(text: str) -> str:
    import inspect

    return inspect.cleandoc(text).replace("\b\n", "").replace("\f", "")
