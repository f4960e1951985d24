"""What does here what an option or a command does in Terraform, kubectl, octoDNS or Pulumi."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_OPTIONS: Mapping[str, str] = {
    "target": "--env NAME",
    "environment": "--env NAME",
    "environments": "--env NAME",
    "json": "--format json",
    "o": "--format FORMAT",
    "output": "--format FORMAT, or --report FORMAT=FILE",
    "yes": "--auto-approve",
    "y": "--auto-approve",
    "force": "--auto-approve, with --unprotect NAME where an environment is protected",
    "auto-approve": "--auto-approve",
    "doit": "--auto-approve",
    "refresh-only": "`reconciler drift`",
    "destroy": "`hostname: null` in the manifest, then `reconciler apply`",
    "prune": "`hostname: null` in the manifest, then `reconciler apply`",
    "no-color": "the variable NO_COLOR=1",
    "config-file": "--file PATH",
    "filename": "--file PATH",
    "l": "--selector NAME=VALUE",
    "selector": "--selector NAME=VALUE",
    "out": "--out FILE",
    "detailed-exitcode": "--detailed-exitcode",
    "parallelism": "--parallelism N",
    "api-key": "the variable IMGWIRE_API_KEY_<NAME>, or `api_key` in the manifest",
    "watch": "`reconciler verify --wait DURATION`",
}

_DRY_RUN: Mapping[str, str] = {
    "apply": "Use `reconciler plan`.",
    "sync": "`dns sync` shows the records and asks before it publishes them.",
    "import": "`import` prints the entries, and adds them to the manifest only with --write.",
}

_COMMANDS: Mapping[str, str] = {
    "destroy": "To remove a custom domain, set `hostname: null` in the manifest, then run `reconciler apply`.",
    "delete": "To remove a custom domain, set `hostname: null` in the manifest, then run `reconciler apply`.",
    "create": "Add the hostname to the manifest, then run `reconciler apply`.",
    "refresh": "There is no state to refresh: every command reads live. Run `reconciler status`.",
    "state": "There is no state file. Run `reconciler status` to see what is live.",
    "fmt": "Manifests are plain YAML. Run `reconciler validate` to check them.",
    "lint": "Run `reconciler validate`.",
    "diff": "Run `reconciler plan`, or `reconciler drift` on a schedule.",
    "preview": "Run `reconciler plan`.",
    "sync": "Run `reconciler apply`, or `reconciler dns sync` for DNS records.",
    "up": "Run `reconciler apply`.",
    "get": "Run `reconciler status`.",
    "output": "Run `reconciler status --format json`.",
    "wait": "Run `reconciler verify --wait 15m`.",
    "login": "Set IMGWIRE_API_KEY_<NAME> to a Server API Key of the Environment.",
    "version": "Run `reconciler --version`.",
}


def command_suggestion(word: str, commands: Collection[str]) -> str:
    """What does here what the command `word` does in Terraform, kubectl, octoDNS or Pulumi, or which of the commands is
    like it; empty for other words."""
    import difflib  # only a mistake needs it

    close = difflib.get_close_matches(word, commands, 1)
    return _COMMANDS.get(word) or (f"Did you mean '{close[0]}'?" if close else "")


def better_message(message: str, arguments: Sequence[str], options: Collection[str], command: str) -> str | None:
    """The message in place of the one of click about a command line; None where that one has all.

    `options` are those of the command: an option of another tool is named with what does the same here.
    """
    if message.startswith("No such option"):
        found = _option_suggestion(arguments, options, command)
        if found is not None:
            return "No such option: {}. {}".format(*found)
        letter = message.partition("'")[2].rstrip("'.").removeprefix("-")  # click reads `-var` as `-v -a -r`
        words = (argument.partition("=")[0] for argument in arguments if not argument.startswith("--"))
        whole = next((word for word in words if word[:1] == "-" and len(word) > 2 and letter in word), None)
        return f"No such option: {whole}." if whole and len(letter) == 1 else None
    if message.startswith("Got unexpected extra argument") and "--file" in options:
        return f"{message}. Use --file PATH for a manifest, and --env NAME for an environment."
    return None


def _option_suggestion(arguments: Sequence[str], options: Collection[str], command: str) -> tuple[str, str] | None:
    """The first option in `arguments` that belongs to another tool, and a sentence with what does the same here."""
    for argument in arguments:
        if argument == "--":
            break
        word = argument.partition("=")[0]
        if word == "--dry-run":
            return word, _DRY_RUN.get(command, f"`{command}` changes no custom domain.")
        hint = _OPTIONS.get(word.lstrip("-")) if word.startswith("-") and word not in options else None
        if hint is None:
            continue
        option = hint.partition(" ")[0].rstrip(",")
        if option in options or not option.startswith("--"):
            return word, f"Use {hint}."
        if option == "--auto-approve":
            return word, f"`{command}` changes no custom domain and needs no approval."
    return None


def usage_message(message: str, kind: object = None) -> str:
    """The message of click about a command line, on one line. `kind` is the type of the option: a range is written in words."""
    message = message.replace("\n\t", " ")  # click writes each choice on a line of its own
    name, lowest, highest = (getattr(kind, attribute, None) for attribute in ("name", "min", "max"))
    if lowest is None:
        return message
    bounds = f"of at least {lowest:,}" if highest is None else f"from {lowest:,} to {highest:,}"
    start, _, value = message.partition(" is not ")[0].rpartition(": ")
    return f"{start}: '{value.strip(chr(39))}' is not a {'whole ' if name == 'integer range' else ''}number {bounds}."
