"""The setting `api_key`: where the key of an environment is, and the checks that need no key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.fast_schema import VARIABLE
from reconciler.manifest.located import mapping_at
from reconciler.manifest.names import FALLBACK_VARIABLE, variable_for
from reconciler.manifest.source_text import Location, error
from reconciler.manifest.trust import KEY_VARIABLE_PREFIX
from reconciler.manifest.wording import shorten
from reconciler.model.diagnostics import Severity
from reconciler.model.environments import DefaultKey, KeyFile, KeyVariable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.manifest.located import Document, LocatedMapping
    from reconciler.manifest.source_text import SourceText
    from reconciler.manifest.trust import Trust
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Environment, KeySource


def key_source(document: Document, folder: str, name: str, entries: LocatedMapping, *, only_one: bool) -> KeySource:
    """The key source of an environment, from the mapping that has its `api_key`, or none. Relative paths start at `folder`."""
    setting = mapping_at(entries, "api_key")
    if not setting:
        return DefaultKey(variable_for(name), FALLBACK_VARIABLE if only_one else None)
    span = document.value_at(entries, "api_key").span
    if isinstance(file := setting.get("file"), str):
        return KeyFile(str(Path(folder, file)), f"file:{file}", span)
    if isinstance(keys := setting.get("dir"), str):
        return KeyFile(str(Path(folder, keys, name)), f"dir:{keys}", span)
    return KeyVariable(str(setting.get("env")), span)


def foreign_variable(
    source: SourceText, entries: LocatedMapping, trust: Trust, environment: str | None
) -> list[Diagnostic]:
    """A problem if `api_key` names a variable that a manifest may not name. `environment` is None in `defaults`."""
    setting = mapping_at(entries, "api_key")
    name = setting.get("env")
    if not isinstance(name, str) or trust.allows_key_variable(name) or not VARIABLE.fullmatch(name):
        return []
    at = Location(source, setting.positions["env"][1])
    message = f"the variable {shorten(name)} does not begin with {KEY_VARIABLE_PREFIX}"
    hint = f"rename the variable, or add `--allow-key-variable {shorten(name)}` to the command line"
    return [error(Code.FOREIGN_KEY_VARIABLE, message, at, hint=hint, environment=environment)]


def shared_variables(environments: Sequence[Environment], names: Mapping[str, Location]) -> list[Diagnostic]:
    """Warnings for names that become one variable, where no `api_key` decides."""
    users: dict[str, list[Environment]] = {}
    for environment in environments:
        if isinstance(environment.key, DefaultKey):
            users.setdefault(environment.key.variable, []).append(environment)
    return [
        _shared_variable(variable, sharing[0].name, other.name, names)
        for variable, sharing in users.items()
        if not all(environment.send_environment_id for environment in sharing)
        for other in sharing[1:]
    ]


def _shared_variable(variable: str, first: str, other: str, names: Mapping[str, Location]) -> Diagnostic:
    message = f"`{other}` and `{first}` have the same key variable, {variable}"
    hint = "write `api_key` for one of them, or rename it: a key opens one Environment"
    related = ((names[first], f"`{first}` is here"),)
    return error(
        Code.SHARED_VARIABLE,
        message,
        names[other],
        hint=hint,
        environment=other,
        related=related,
        severity=Severity.WARNING,
    )
