"""The desired state: environments, where their keys come from, and the manifest as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.diagnostics import Span
    from reconciler.model.limits import ChangeWindow


@dataclass(frozen=True, slots=True)
class KeyVariable:
    """`api_key: {env: NAME}`: the key is in this environment variable and nowhere else."""

    name: str
    span: Span | None = None

    @property
    def as_written(self) -> str:
        return f"env:{self.name}"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """`api_key: {file: PATH}` or `{dir: PATH}`: the key is the content of the file at `path`.

    `path` includes the manifest's folder, and for `dir` the environment's name. `setting` is the text in the manifest, such
    as `file:keys/web` or `dir:/run/secrets`.
    """

    path: str
    setting: str
    span: Span | None = None

    @property
    def as_written(self) -> str:
        return self.setting


@dataclass(frozen=True, slots=True)
class DefaultKey:
    """No `api_key`: the key is in `--keys`, IMGWIRE_API_KEYS, the variable, or in the fallback, in this order."""

    variable: str
    fallback: str | None = None

    @property
    def as_written(self) -> str:
        return "default"


KeySource = KeyVariable | KeyFile | DefaultKey
"""Where the key of an environment is. `as_written` is stable and part of the digest."""


@dataclass(frozen=True, slots=True)
class Environment:
    """One Imgwire Environment under the name the manifest gives it, and the hostname that is desired there.

    `hostname` is lower-case ASCII (IDNA 2008 / UTS 46) without a trailing dot; None means that there must be no custom domain.
    `environment_id` is the pin, a lower-case UUID. `span` points at the name.
    """

    name: str
    hostname: str | None
    key: KeySource
    environment_id: str | None = None
    send_environment_id: bool = False
    protect: bool = False
    labels: Mapping[str, str] | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A manifest file that was read: its path as given, relative where it can be, and the SHA-256 of its bytes in hex."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """What the run was about: the manifest files, the API that was asked, and what narrowed the run."""

    files: tuple[SourceFile, ...]
    api_url: str
    names: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()
    shard: str | None = None

    @property
    def narrowed(self) -> bool:
        """The selection may leave environments out."""
        return bool(self.names or self.selectors or self.shard)

    @property
    def options(self) -> tuple[str, ...]:
        """The words of a command line that narrow another run in the same way."""
        names = (word for name in self.names for word in ("--env", name))
        selectors = (word for selector in self.selectors for word in ("--selector", selector))
        return (*names, *selectors, *(("--shard", self.shard) if self.shard else ()))


DEFAULT_API_URL = "https://api.imgwire.dev"
EMULATOR_API_URL = "http://emulator.localhost"
"""Of the emulator inside the process. Nothing is sent there."""

DEFAULT_MAX_INTERRUPTIONS = 3


@dataclass(frozen=True, slots=True)
class Manifest:
    """All files of a run, merged: environments in order of name, and the settings that the files agree on."""

    environments: tuple[Environment, ...]
    files: tuple[SourceFile, ...] = ()
    api_url: str | None = None
    max_interruptions: int = DEFAULT_MAX_INTERRUPTIONS
    allowed_domains: tuple[str, ...] = ()
    """Lower-case ASCII, sorted. Every hostname of the manifest is at or below one of them; none means any hostname."""

    change_windows: tuple[ChangeWindow, ...] = ()
    """A plan may interrupt hostnames inside these only; none means at any time."""

    @property
    def desired(self) -> dict[str, str | None]:
        """The hostname of each environment, None for no custom domain."""
        return {item.name: item.hostname for item in self.environments}

    @property
    def pins(self) -> dict[str, str | None]:
        """The Environment id of each environment, None where it is not pinned."""
        return {item.name: item.environment_id for item in self.environments}


class Secret:
    """A key value that no repr, format, log line, pickle or traceback shows. Equal secrets compare and hash equal."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that writes the request header."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(("secret", self._value))

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")


@dataclass(frozen=True, slots=True)
class Credential:
    """What opens one environment: a key, and the id to send as `X-Environment-Id` when one was asked for."""

    key: Secret
    environment_id: str | None = None
