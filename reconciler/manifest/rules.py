"""Turns documents into environments, with the checks that compare entries: names, claims, settings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.manifest import base_url
from reconciler.manifest.codes import Code
from reconciler.manifest.fast_schema import UUID, VARIABLE, environment_fits
from reconciler.manifest.hostnames import HostnameError, conversion_cost, normalise
from reconciler.manifest.limits import Limits
from reconciler.manifest.located import Document, LocatedMapping
from reconciler.manifest.names import FALLBACK_VARIABLE, variable_for
from reconciler.manifest.source_text import MAX_PROBLEMS, Location, error
from reconciler.manifest.trust import KEY_VARIABLE_PREFIX, Trust
from reconciler.manifest.wording import shorten
from reconciler.model.diagnostics import Severity
from reconciler.model.environments import (
    DEFAULT_MAX_INTERRUPTIONS,
    DefaultKey,
    Environment,
    KeyFile,
    KeySource,
    KeyVariable,
)
from reconciler.model.hostnames import unicode_form
from reconciler.model.limits import is_within

if TYPE_CHECKING:
    from reconciler.manifest.source_text import SourceText
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.limits import ChangeWindow


MAX_ENVIRONMENTS = 20_000
MAX_CONVERSIONS = 5_000_000
"""In units of `conversion_cost`: about five seconds, for 20,000 names that each have three internationalized labels."""

_TOO_MANY = 1 << 62


class Part(NamedTuple):
    """The document of one file, and the folder where its relative paths start."""

    document: Document
    folder: str


class Merged:
    """The content of all files together. `environments` is complete only if there are no problems."""

    def __init__(self, parts: list[Part], trust: Trust) -> None:
        self._trust = trust
        self.problems: list[Diagnostic] = []
        self.environments: list[Environment] = []
        self.api_url: str | None = None
        self.max_interruptions = DEFAULT_MAX_INTERRUPTIONS
        self.allowed_domains: tuple[str, ...] = ()
        self.change_windows: tuple[ChangeWindow, ...] = ()
        self._conversions = 0
        self._settings: dict[str, tuple[object, Location]] = {}
        self._names: dict[str, Location] = {}
        self._hostnames: dict[str, tuple[str, Location]] = {}  # environment and location
        self._pins: dict[str, tuple[str, Location]] = {}
        self._only_one = sum(len(_mapping(part.document.root, "environments")) for part in parts) == 1
        for part in parts:
            self._add_settings(part.document)
            self._add_environments(part)
        self._check_domains()
        self.environments.sort(key=lambda environment: environment.name)

    def shared_variables(self) -> list[Diagnostic]:
        """Warnings for names that become one variable, where no `api_key` decides."""
        users: dict[str, list[Environment]] = {}
        for environment in self.environments:
            if isinstance(environment.key, DefaultKey):
                users.setdefault(environment.key.variable, []).append(environment)
        return [
            self._shared_variable(variable, sharing[0].name, other.name)
            for variable, sharing in users.items()
            if not all(environment.send_environment_id for environment in sharing)
            for other in sharing[1:]
        ]

    def _shared_variable(self, variable: str, first: str, other: str) -> Diagnostic:
        message = f"`{other}` and `{first}` have the same key variable, {variable}"
        hint = "write `api_key` for one of them, or rename it: a key opens one Environment"
        related = ((self._names[first], f"`{first}` is here"),)
        return error(
            Code.SHARED_VARIABLE,
            message,
            self._names[other],
            hint=hint,
            environment=other,
            related=related,
            severity=Severity.WARNING,
        )

    def _add_settings(self, document: Document) -> None:
        api, limits = _mapping(document.root, "api"), _mapping(document.root, "limits")
        url, interruptions = api.get("base_url"), limits.get("max_interruptions")
        if isinstance(url, str):
            at = document.value_at(api, "base_url")
            self.api_url = self._base_url(url, at)
            if self.api_url is not None:
                self._agree("api.base_url", self.api_url, at)
        self._check_variable(_mapping(document.root, "defaults"), document.source, None)
        if isinstance(interruptions, int) and not isinstance(interruptions, bool):
            self.max_interruptions = interruptions
            self._agree("limits.max_interruptions", interruptions, document.value_at(limits, "max_interruptions"))
        found = Limits(document, limits)
        self.problems += found.problems
        if found.allowed_domains:
            self.allowed_domains = self.allowed_domains or found.allowed_domains
            self._agree("limits.allowed_domains", found.allowed_domains, document.value_at(limits, "allowed_domains"))
        if found.change_windows:
            self.change_windows = self.change_windows or found.change_windows
            self._agree("limits.change_windows", found.change_windows, document.value_at(limits, "change_windows"))

    def _base_url(self, text: str, at: Location) -> str | None:
        try:
            url = base_url.parse(text)
        except ValueError as failure:
            hint = "write `https://api.imgwire.dev`, or remove the line"
            self.problems.append(error(Code.WRONG_TYPE, str(failure), at, hint=hint))
            return None
        if not url.is_secure and not self._trust.allow_http:
            hint = "write `https://…`; plain `http` is for `localhost` and loopback addresses"
            self.problems.append(error(Code.INSECURE_BASE_URL, base_url.INSECURE, at, hint=hint))
        if not url.is_trusted:
            message = f"a manifest must not send API keys to `{shorten(url.host)}`"
            hint = f"if you trust this host, name it with `--api-url` or {base_url.VARIABLE}"
            self.problems.append(error(Code.UNTRUSTED_BASE_URL, message, at, hint=hint))
        return url.text

    def _check_variable(self, entries: LocatedMapping, source: SourceText, environment: str | None) -> None:
        setting = _mapping(entries, "api_key")
        name = setting.get("env")
        if not isinstance(name, str) or self._trust.allows_key_variable(name) or not VARIABLE.fullmatch(name):
            return
        at = Location(source, setting.positions["env"][1])
        message = f"the variable {shorten(name)} does not begin with {KEY_VARIABLE_PREFIX}"
        hint = f"rename the variable, or add `--allow-key-variable {shorten(name)}` to the command line"
        self.problems.append(error(Code.FOREIGN_KEY_VARIABLE, message, at, hint=hint, environment=environment))

    def _agree(self, setting: str, value: object, at: Location) -> None:
        first, there = self._settings.setdefault(setting, (value, at))
        if first != value:
            values = f"is `{shorten(str(value))}` here, and `{shorten(str(first))}` in another file"
            message = f"`{setting}` {'differs between files' if isinstance(value, tuple) else values}"
            hint = "set it in one file, or set the same value in each"
            related = ((there, "first set here"),)
            self.problems.append(error(Code.CONFLICTING_SETTINGS, message, at, hint=hint, related=related))

    def _add_environments(self, part: Part) -> None:
        source = part.document.source
        defaults = _mapping(part.document.root, "defaults")
        environments = _mapping(part.document.root, "environments")
        for name, value in environments.items():
            if len(self.problems) > MAX_PROBLEMS:
                return
            name_position, position = environments.positions[name]
            at = Location(source, name_position)
            if len(self._names) == MAX_ENVIRONMENTS:
                message = f"the manifest has more than {MAX_ENVIRONMENTS:,} environments"
                self._add_diagnostic(
                    Code.TOO_LARGE, message, at, "split the manifest, and run each part on its own", name
                )
                return
            first = self._names.setdefault(name, at)
            if first is not at:
                message = f"two files list the environment `{shorten(name)}`"
                related = ((first, "first listed here"),)
                self._add_diagnostic(Code.DUPLICATE_ENVIRONMENT, message, at, "keep one of the two", name, related)
            hostname, pin = value, None
            own = value if isinstance(value, LocatedMapping) else _NONE
            self._check_sending(own, defaults, name, at)
            self._check_variable(own, source, name)
            if isinstance(value, LocatedMapping):
                hostname = value.get("hostname")
                position = value.positions.get("hostname", (position, position))[1]
                pin = self._pin(value, name, source)
            if isinstance(hostname, str):
                hostname = self._hostname(hostname, name, Location(source, position))
            if first is at and environment_fits(name, value):
                self.environments.append(self._environment(part, at, name, own, defaults, hostname, pin))

    def _check_domains(self) -> None:
        if not self.allowed_domains:
            return
        domains = frozenset(self.allowed_domains)
        there = self._settings["limits.allowed_domains"][1]
        listed = ", ".join(f"`{unicode_form(domain)}`" for domain in self.allowed_domains[:5])
        more = len(self.allowed_domains) - 5
        for hostname, (name, at) in self._hostnames.items():
            if not is_within(hostname, domains):
                message = f"`{unicode_form(hostname)}` is not at or below an allowed domain"
                hint = f"allowed: {listed}{f' and {more} more' if more > 0 else ''}"
                related = ((there, "the limit is set here"),)
                self._add_diagnostic(Code.DOMAIN_NOT_ALLOWED, message, at, hint, name, related)

    def _hostname(self, text: str, name: str, at: Location) -> str | None:
        self._conversions += conversion_cost(text)
        if self._conversions > MAX_CONVERSIONS:
            if self._conversions < _TOO_MANY:
                self._conversions = _TOO_MANY
                message = "the manifest has more internationalized hostnames than one run can check"
                self._add_diagnostic(
                    Code.TOO_LARGE, message, at, "split the manifest, and run each part on its own", name
                )
            return None
        try:
            hostname = normalise(text)
        except HostnameError as failure:
            self._add_diagnostic(failure.code, failure.message, at, failure.hint, name)
            return None
        other, there = self._hostnames.setdefault(hostname, (name, at))
        if other != name:
            shown = unicode_form(hostname)
            shown = f"`{shown}`" if shown == hostname else f"`{shown}` (`{hostname}`)"
            message = f"`{shorten(other)}` already has the hostname {shown}"
            hint = "remove it from one of the two, or write `hostname: null` there"
            related = ((there, f"`{shorten(other)}` has it here"),)
            self._add_diagnostic(Code.HOSTNAME_CLAIMED_TWICE, message, at, hint, name, related)
        return hostname

    def _pin(self, entries: LocatedMapping, name: str, source: SourceText) -> str | None:
        text = entries.get("environment_id")
        if not isinstance(text, str) or not UUID.fullmatch(text):
            return None
        pin = text.lower()
        at = Location(source, entries.positions["environment_id"][1])
        other, there = self._pins.setdefault(pin, (name, at))
        if other != name:
            message = f"`{shorten(other)}` already has the environment_id `{pin}`"
            hint = "remove one of the two entries, or correct its id"
            related = ((there, f"`{shorten(other)}` has it here"),)
            self._add_diagnostic(Code.ENVIRONMENT_CLAIMED_TWICE, message, at, hint, name, related)
        return pin

    def _check_sending(self, own: LocatedMapping, defaults: LocatedMapping, name: str, at: Location) -> None:
        if "environment_id" not in own and _inherited(own, defaults, "send_environment_id"):
            blamed = (
                Location(at.source, own.positions["send_environment_id"][0]) if "send_environment_id" in own else at
            )
            message = f"`{shorten(name)}` has `send_environment_id: true` but no `environment_id`"
            hint = "write `environment_id: …`, or remove `send_environment_id`"
            self._add_diagnostic(Code.MISSING_KEY, message, blamed, hint, name)

    def _environment(
        self,
        part: Part,
        at: Location,
        name: str,
        own: LocatedMapping,
        defaults: LocatedMapping,
        hostname: str | None,
        pin: str | None,
    ) -> Environment:
        """The entry with its defaults. Both match the schema, or the result is not used."""
        shared, labels = defaults.get("labels"), own.get("labels")
        return Environment(
            name=name,
            hostname=hostname,
            key=self._key_source(part, name, own if "api_key" in own else defaults),
            environment_id=pin,
            send_environment_id=_inherited(own, defaults, "send_environment_id"),
            protect=_inherited(own, defaults, "protect"),
            labels={**(shared or {}), **(labels or {})} if shared or labels else None,
            span=at.span,
        )

    def _key_source(self, part: Part, name: str, entries: LocatedMapping) -> KeySource:
        setting = _mapping(entries, "api_key")
        if not setting:
            return DefaultKey(variable_for(name), FALLBACK_VARIABLE if self._only_one else None)
        span = part.document.value_at(entries, "api_key").span
        if isinstance(file := setting.get("file"), str):
            return KeyFile(str(Path(part.folder, file)), f"file:{file}", span)
        if isinstance(folder := setting.get("dir"), str):
            return KeyFile(str(Path(part.folder, folder, name)), f"dir:{folder}", span)
        return KeyVariable(str(setting.get("env")), span)

    def _add_diagnostic(
        self,
        code: Code,
        message: str,
        at: Location,
        hint: str,
        environment: str,
        related: tuple[tuple[Location, str], ...] = (),
    ) -> None:
        self.problems.append(error(code, message, at, hint=hint, environment=environment, related=related))


_NONE = LocatedMapping()


def _inherited(own: LocatedMapping, defaults: LocatedMapping, key: str) -> bool:
    return own.get(key, defaults.get(key, False)) is True


def _mapping(value: object, key: str) -> LocatedMapping:
    """The mapping under `key`, or an empty one."""
    found = value.get(key) if isinstance(value, LocatedMapping) else None
    return found if isinstance(found, LocatedMapping) else _NONE
