"""The command line that would do the next thing, ready to be copied."""

from __future__ import annotations

import shlex

import click

# What a saved plan does not contain, and apply needs: where the manifest, the API and the keys are, and what lifts guards.
_NOT_SAVED = ("files", "emulator", "api_url", "keys_file", "key_variables", "allow_http")
_GUARDS = ("unprotect", "max_interruptions", "ignore_window", "base")


def rerun_command(*more: str) -> str:
    """This run's own command line with `more` behind it, quoted for a shell."""
    given = click.get_current_context().find_root().obj or ()
    return shlex.join(["reconciler", *given, *more])


def apply_command(path: str) -> str:
    """The command line that applies the plan saved at `path`, with the options of this run that a plan does not contain."""
    context = click.get_current_context()
    options = {option.name: option for option in context.command.params}
    words = ["reconciler", "apply", path]
    for name in (*_NOT_SAVED, *_GUARDS):
        option, value = options[name].opts[0], context.params[name]
        for item in value if isinstance(value, tuple) else (value,):
            match item:
                case None | False:
                    pass
                case True:
                    words.append(option)
                case _ if name == "emulator":  # its value is optional
                    words.append(f"{option}={item}")
                case _:
                    words += [option, str(item)]
    return shlex.join(words)
