"""Finds the API key of each environment. Key values leave this module only inside a Secret."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.files import FileTooLarge, RefusedFile, descriptor_of, read_bounded
from reconciler.manifest.codes import Code
from reconciler.manifest.key_tables import key_tables, lower_first
from reconciler.manifest.names import FALLBACK_VARIABLE
from reconciler.manifest.wording import shorten
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.environments import Credential, DefaultKey, Environment, KeyFile, KeyVariable, Secret
from reconciler.model.listing import first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.manifest.key_tables import KeyTable

MAX_KEY_BYTES = 4096
"""Of a key or a key file. Header fields of 8 KiB are common limits; a longer key would never arrive."""

_SENDABLE = re.compile(r"[\x21-\x7e]+")
_CLIENT_KEY = "ck_"
_QUOTES = "\"'`"


def _read_key_file(path: str) -> tuple[bytes, int | None]:
    """The content of a key file; and its mode, if every user can read it and the owner can change that.

    Raises OSError; standard input, which a manifest must not take, is refused.
    """
    if descriptor_of(path) == 0:
        raise RefusedFile(errno.EINVAL, "it is standard input")
    data = read_bounded(path, MAX_KEY_BYTES)
    mode = Path(path).stat().st_mode
    # Secrets that Docker and Kubernetes mount are readable by all inside the container, and read-only.
    exposed = stat.S_ISREG(mode) and mode & stat.S_IROTH and not os.statvfs(path).f_flag & os.ST_RDONLY
    return data, stat.S_IMODE(mode) if exposed else None


def resolve(
    environments: Iterable[Environment],
    environ: Mapping[str, str],
    *,
    keys_file: str | None = None,
) -> tuple[dict[str, Credential], tuple[Diagnostic, ...]]:
    """The credential of each environment by name, and the problems, in order of place.

    The first of these that has a key decides: `api_key` of the manifest, the JSON object in `keys_file` (`--keys`), the one
    in IMGWIRE_API_KEYS, IMGWIRE_API_KEY_<NAME>, and IMGWIRE_API_KEY in a manifest with one environment. A source named by
    `api_key` never falls through. An environment without a usable key is not in the mapping and has a diagnostic with the
    severity error; `key-file-mode` is a warning.
    """
    search = _Search(environ, key_tables(keys_file, environ))
    secrets: dict[str, tuple[Environment, Secret]] = {}
    for environment in environments:
        key = search.key_of(environment)
        if key is not None:
            secrets[environment.name] = (environment, key)
    search.refuse_shared(secrets)
    credentials = {
        name: Credential(key, environment.environment_id if environment.send_environment_id else None)
        for name, (environment, key) in secrets.items()
    }
    return credentials, tuple(sorted(search.problems, key=Diagnostic.sort_key))


class _Candidate(NamedTuple):
    """Text that should be a key, and where it was found."""

    text: str
    where: str


class _Unusable(NamedTuple):
    """Why there is no key."""

    reason: str
    hint: str


class _Search:
    """One resolution. A file that several environments name is read once and reported once."""

    def __init__(self, environ: Mapping[str, str], tables: tuple[KeyTable, ...]) -> None:
        self.problems: list[Diagnostic] = []
        self._environ = environ
        self._tables = tables
        self._files: dict[str, _Candidate | _Unusable] = {}

    def key_of(self, environment: Environment) -> Secret | None:
        match environment.key:
            case KeyVariable(name):
                candidate = self._from_variable(name)
            case KeyFile() as source:
                candidate = self._from_file(source, environment)
            case DefaultKey() as source:
                candidate = self._from_defaults(source, environment.name)
        name = environment.name
        if isinstance(candidate, _Candidate):
            text, where = candidate
            if text.startswith(_CLIENT_KEY):
                message = f"the key for `{name}` in {where} is a client key, and client keys cannot manage domains"
                hint = "create a Server API Key (`sk_…`) for this Environment in the Imgwire dashboard"
                self._report(Code.CLIENT_KEY, message, hint, environment)
                return None
            if text and (text[0] in _QUOTES or text[-1] in _QUOTES):
                message = f"the key for `{name}` in {where} has quotes around it"
                self._report(Code.QUOTED_KEY, message, "remove the quotes: they would be sent to the API", environment)
                return None
            candidate = _check(candidate)
        if isinstance(candidate, _Unusable):
            self._report(Code.KEY_MISSING, f"no key for `{name}`: {candidate.reason}", candidate.hint, environment)
            return None
        return Secret(candidate.text)

    def refuse_shared(self, secrets: dict[str, tuple[Environment, Secret]]) -> None:
        """A key opens one Environment, unless a header names it: two entries with one key would manage one custom domain."""
        owners: dict[Secret, list[Environment]] = defaultdict(list)
        for environment, key in secrets.values():
            owners[key].append(environment)
        for sharing in owners.values():
            if len(sharing) > 1 and not all(environment.send_environment_id for environment in sharing):
                message = f"the environments {first_of(f'`{item.name}`' for item in sharing)} have the same key"
                hint = (
                    "give each Environment a key of its own; for a credential that opens several, set "
                    "`send_environment_id: true` and `environment_id` on each of them"
                )
                for environment in sharing:
                    del secrets[environment.name]
                    self._report(Code.SHARED_KEY, message, hint, environment)

    def _from_variable(self, name: str) -> _Candidate | _Unusable:
        if name in self._environ:
            return _Candidate(self._environ[name].strip(), f"the variable {name}")
        return _Unusable(
            f"the variable {name} is not set",
            "set the variable to the Server API Key of this Environment, or change `api_key`",
        )

    def _from_defaults(self, source: DefaultKey, name: str) -> _Candidate | _Unusable:
        for table in self._tables:
            if table.problem is not None:
                return _Unusable(table.problem, 'write one JSON object: {"production": "sk_…"}')
            if name in table.keys:
                return _Candidate(table.keys[name].strip(), f"{table.where} (`{name}`)")
        variables = (source.variable, *([source.fallback] if source.fallback else []))
        for variable in variables:
            if variable in self._environ:
                return self._from_variable(variable)
        listed = " and ".join(variables)
        reason = f"the variables {listed} are not set" if len(variables) > 1 else f"the variable {listed} is not set"
        if not source.fallback and FALLBACK_VARIABLE in self._environ:
            reason += f"; {FALLBACK_VARIABLE} is set, but only a manifest with one environment uses it"
        absent = "".join(f"{table.where} has no entry `{name}`, and " for table in self._tables)
        variable = source.variable if source.fallback else "the variable"
        hint = f"set {variable} to the Server API Key of this Environment, or name its place with `api_key`"
        if self._tables:
            hint = f"add the entry to {self._tables[0].where}, or {hint}"
        return _Unusable(absent + reason, hint)

    def _from_file(self, source: KeyFile, environment: Environment) -> _Candidate | _Unusable:
        if source.path not in self._files:
            self._files[source.path] = self._read(source, environment)
        return self._files[source.path]

    def _read(self, source: KeyFile, environment: Environment) -> _Candidate | _Unusable:
        where = f"the file `{shorten(source.path)}`"
        hint = "put a Server API Key, and nothing else, into that file"
        try:
            data, exposed_mode = _read_key_file(source.path)
        except FileTooLarge:
            return _Unusable(f"{where} is longer than {MAX_KEY_BYTES} bytes", hint)
        except OSError as failure:
            reason = lower_first(failure.strerror or str(failure))
            return _Unusable(f"cannot read {where}: {reason}", "check the path in `api_key` and the permissions")
        if exposed_mode is not None:
            message = f"every user can read {where} (mode {exposed_mode:04o})"
            hint = f"run `chmod o-r {shorten(source.path)}`"
            self._report(Code.KEY_FILE_MODE, message, hint, environment, Severity.WARNING)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return _Unusable(f"the content of {where} cannot be a key: it is not UTF-8", hint)
        return _Candidate(text.strip(), where)

    def _report(
        self, code: Code, message: str, hint: str, environment: Environment, severity: Severity = Severity.ERROR
    ) -> None:
        configured = environment.key.span if isinstance(environment.key, KeyVariable | KeyFile) else None
        span = configured or environment.span
        self.problems.append(Diagnostic(severity, str(code), message, hint, span, environment=environment.name))


def _check(candidate: _Candidate) -> _Candidate | _Unusable:
    """The key, if it can be written in a header; the reason never repeats it."""
    text, where = candidate
    hint = f"put a Server API Key into {where}"
    if not text:
        return _Unusable(f"{where} is empty", hint)
    if len(text) > MAX_KEY_BYTES:
        return _Unusable(f"the content of {where} is longer than {MAX_KEY_BYTES} characters", hint)
    if not _SENDABLE.fullmatch(text):
        return _Unusable(f"the content of {where} cannot be a key: a key is visible ASCII without white space", hint)
    return candidate
