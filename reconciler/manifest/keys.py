"""Finds the API key of each environment. No key value leaves this module but inside a Secret."""

from __future__ import annotations

import errno
import re
import stat
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.files import FileTooLarge, RefusedFile, descriptor_of, read_bounded
from reconciler.manifest.codes import Code
from reconciler.manifest.names import FALLBACK_VARIABLE
from reconciler.manifest.words import shorten
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.environments import Credential, Environment, KeyFile, KeyVariable, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LONGEST_KEY = 4096
"""Bytes of a key or a key file. Header fields of 8 KiB are common limits; a longer key would never arrive."""

_SENDABLE = re.compile(r"[\x21-\x7e]+")
_CLIENT_KEY = "ck_"


class KeyContent(NamedTuple):
    """What a key file holds. `mode` is that of `stat`, 0 where nothing is known of it."""

    data: bytes
    mode: int = 0


def read_key_file(path: str) -> KeyContent:
    """A key file. Raises OSError; standard input, which may belong to somebody else, is refused."""
    if descriptor_of(path) == 0:
        raise RefusedFile(errno.EINVAL, "it is standard input")
    return KeyContent(read_bounded(path, LONGEST_KEY), Path(path).stat().st_mode)


def resolve(
    environments: Iterable[Environment],
    environ: Mapping[str, str],
    read_file: Callable[[str], KeyContent] = read_key_file,
) -> tuple[dict[str, Credential], tuple[Diagnostic, ...]]:
    """The credential of each environment by name, and the problems met, in order of place.

    An environment with `key-missing`, `client-key` or `shared-key` is not in the mapping; `key-file-mode` is a warning.
    """
    search = _Search(environ, read_file)
    found: dict[str, tuple[Environment, Secret]] = {}
    for environment in environments:
        key = search.key_of(environment)
        if key is not None:
            found[environment.name] = (environment, key)
    search.refuse_shared(found)
    credentials = {
        name: Credential(key, environment.environment_id if environment.send_environment_id else None)
        for name, (environment, key) in found.items()
    }
    return credentials, tuple(sorted(search.problems, key=Diagnostic.sort_key))


class _Search:
    """One resolution; a file that several environments name is read once and warned of once."""

    def __init__(self, environ: Mapping[str, str], read_file: Callable[[str], KeyContent]) -> None:
        self.problems: list[Diagnostic] = []
        self._environ = environ
        self._read_file = read_file
        self._files: dict[str, str | _Unusable] = {}

    def key_of(self, environment: Environment) -> Secret | None:
        match environment.key:
            case KeyVariable() as source:
                text, where = self._from_variable(source)
            case KeyFile() as source:
                text, where = self._from_file(source, environment), f"the file `{shorten(source.path)}`"
        if isinstance(text, _Unusable):
            self._tell(Code.KEY_MISSING, f"no key for `{environment.name}`: {text.reason}", text.hint, environment)
        elif text.startswith(_CLIENT_KEY):
            said = f"the key for `{environment.name}` in {where} is a client key, and client keys cannot manage domains"
            hint = "create a Server API Key (`sk_…`) for this Environment in the Imgwire dashboard"
            self._tell(Code.CLIENT_KEY, said, hint, environment)
        else:
            return Secret(text)
        return None

    def refuse_shared(self, found: dict[str, tuple[Environment, Secret]]) -> None:
        """A key opens one Environment, unless the header says which: two entries on one key would fight over one domain."""
        owners: dict[Secret, list[Environment]] = defaultdict(list)
        for environment, key in found.values():
            owners[key].append(environment)
        for sharing in owners.values():
            if len(sharing) > 1 and not all(environment.send_environment_id for environment in sharing):
                for environment in sharing:
                    del found[environment.name]
                    others = ", ".join(f"`{other.name}`" for other in sharing[:6] if other is not environment)
                    said = f"`{environment.name}` has the same key as {others}"
                    hint = (
                        "give each Environment a key of its own; for a credential that opens several, set "
                        "`send_environment_id: true` and `environment_id` on each of them"
                    )
                    self._tell(Code.SHARED_KEY, said, hint, environment)

    def _from_variable(self, source: KeyVariable) -> tuple[str | _Unusable, str]:
        for name in (source.name, source.fallback):
            if name and name in self._environ:
                where = f"the variable {name}"
                return _usable(self._environ[name].strip(), where, f"put a Server API Key into {name}"), where
        names = f"{source.name} and {source.fallback} are" if source.fallback else f"{source.name} is"
        reason = f"the variable {names} not set" if not source.fallback else f"the variables {names} not set"
        if not source.fallback and FALLBACK_VARIABLE in self._environ:
            reason += f"; {FALLBACK_VARIABLE} is, but it serves only a manifest with one environment"
        hint = f"set {source.name} to the Server API Key of this Environment, or say with `api_key` where it is"
        return _Unusable(reason, hint), ""

    def _from_file(self, source: KeyFile, environment: Environment) -> str | _Unusable:
        if source.path not in self._files:
            self._files[source.path] = self._read(source, environment)
        return self._files[source.path]

    def _read(self, source: KeyFile, environment: Environment) -> str | _Unusable:
        where = f"the file `{shorten(source.path)}`"
        hint = "put a Server API Key, and nothing else, into that file"
        try:
            content = self._read_file(source.path)
        except FileTooLarge:
            return _Unusable(f"{where} is longer than {LONGEST_KEY} bytes", hint)
        except OSError as failure:
            reason = failure.strerror or str(failure)
            return _Unusable(
                f"cannot read {where}: {reason[:1].lower()}{reason[1:]}", "check `api_key.file` and who may read it"
            )
        if stat.S_ISREG(content.mode) and content.mode & (stat.S_IRWXG | stat.S_IRWXO):
            said = f"{where} may be read by others (mode {stat.S_IMODE(content.mode):04o})"
            self._tell(
                Code.KEY_FILE_MODE, said, f"run `chmod 600 {shorten(source.path)}`", environment, Severity.WARNING
            )
        try:
            text = content.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            return _Unusable(f"the content of {where} cannot be a key: it is not UTF-8", hint)
        return _usable(text.strip(), where, hint)

    def _tell(
        self, code: Code, message: str, hint: str, environment: Environment, severity: Severity = Severity.ERROR
    ) -> None:
        span = environment.key.span or environment.span
        self.problems.append(Diagnostic(severity, str(code), message, hint, span, environment=environment.name))


class _Unusable(NamedTuple):
    """Why there is no key."""

    reason: str
    hint: str


def _usable(text: str, where: str, hint: str) -> str | _Unusable:
    """The key, if it can be written in a header; the reason never repeats it."""
    if not text:
        return _Unusable(f"{where} is empty", hint)
    if len(text) > LONGEST_KEY:
        return _Unusable(f"the content of {where} is longer than {LONGEST_KEY} characters", hint)
    if not _SENDABLE.fullmatch(text):
        return _Unusable(f"the content of {where} cannot be a key: a key is visible ASCII without white space", hint)
    return text
