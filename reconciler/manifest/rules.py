"""Turns documents into environments, with the checks that compare entries: names, claims, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.manifest.codes import Code
from reconciler.manifest.fast_schema import UUID, environment_fits
from reconciler.manifest.hostnames import HostnameError, conversion_cost, normalise
from reconciler.manifest.key_sources import foreign_variable, key_source, shared_variables
from reconciler.manifest.located import NO_MAPPING, Document, LocatedMapping, mapping_at
from reconciler.manifest.settings import ManifestSettings
from reconciler.manifest.source_text import MAX_PROBLEMS, Location, error
from reconciler.manifest.wording import shorten
from reconciler.model.diagnostics import Severity
from reconciler.model.environments import Environment
from reconciler.model.hostnames import unicode_form
from reconciler.model.limits import is_within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifest.source_text import SourceText
    from reconciler.manifest.trust import Trust
    from reconciler.model.diagnostics import Diagnostic


MAX_ENVIRONMENTS = 20_000
MAX_CONVERSIONS = 5_000_000
"""In units of `conversion_cost`: about five seconds, for 20,000 names that each have three internationalized labels."""

MAX_COMMON_NAME = 64
_TOO_MANY = 1 << 62


class Part(NamedTuple):
    """The document of one file, and the folder where its relative paths start."""

    document: Document
    folder: str


class Merged:
    """The content of all files together. `environments` is complete only if there are no problems."""

    def __init__(self, parts: list[Part], trust: Trust) -> None:
        self.settings = ManifestSettings([part.document for part in parts], trust)
        self.problems: list[Diagnostic] = self.settings.problems
        self.environments: list[Environment] = []
        self._trust = trust
        self._conversions = 0
        self._names: dict[str, Location] = {}
        self._hostnames: dict[str, tuple[str, Location]] = {}  # environment and location
        self._pins: dict[str, tuple[str, Location]] = {}
        self._only_one = sum(len(mapping_at(part.document.root, "environments")) for part in parts) == 1
        for part in parts:
            defaults = mapping_at(part.document.root, "defaults")
            self.problems += foreign_variable(part.document.source, defaults, trust, None)
            self._add_environments(part)
        self._check_domains()
        self.environments.sort(key=lambda environment: environment.name)

    def advice(self) -> list[Diagnostic]:
        """Warnings for `validate`."""
        return [*shared_variables(self.environments, self._names), *self._long_hostnames()]

    def _long_hostnames(self) -> Iterator[Diagnostic]:
        """A common name of a certificate has at most 64 characters (RFC 5280, ub-common-name)."""
        for hostname, (name, at) in self._hostnames.items():
            if len(hostname) > MAX_COMMON_NAME:
                message = (
                    f"the hostname has {len(hostname)} characters, more than the {MAX_COMMON_NAME} of a common name"
                )
                hint = "a certificate authority may refuse it: choose a shorter one, or check with Imgwire first"
                yield error(Code.LONG_HOSTNAME, message, at, hint=hint, environment=name, severity=Severity.WARNING)

    def _add_environments(self, part: Part) -> None:
        source = part.document.source
        defaults = mapping_at(part.document.root, "defaults")
        environments = mapping_at(part.document.root, "environments")
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
            own = value if isinstance(value, LocatedMapping) else NO_MAPPING
            self._check_sending(own, defaults, name, at)
            self.problems += foreign_variable(source, own, self._trust, name)
            if isinstance(value, LocatedMapping):
                hostname = value.get("hostname")
                position = value.positions.get("hostname", (position, position))[1]
                pin = self._pin(value, name, source)
            if isinstance(hostname, str):
                hostname = self._hostname(hostname, name, Location(source, position))
            if first is at and environment_fits(name, value):
                self.environments.append(self._environment(part, at, name, own, defaults, hostname, pin))

    def _check_domains(self) -> None:
        allowed_domains, there = self.settings.allowed_domains, self.settings.allowed_domains_at
        if not allowed_domains or there is None:
            return
        domains = frozenset(allowed_domains)
        listed = ", ".join(f"`{unicode_form(domain)}`" for domain in allowed_domains[:5])
        more = len(allowed_domains) - 5
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
            hint = "give one of the two another hostname; if it moves, write `null` where it leaves"
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
            key=key_source(
                part.document, part.folder, name, own if "api_key" in own else defaults, only_one=self._only_one
            ),
            environment_id=pin,
            send_environment_id=_inherited(own, defaults, "send_environment_id"),
            protect=_inherited(own, defaults, "protect"),
            labels={**(shared or {}), **(labels or {})} if shared or labels else None,
            span=at.span,
        )

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


def _inherited(own: LocatedMapping, defaults: LocatedMapping, key: str) -> bool:
    return own.get(key, defaults.get(key, False)) is True
