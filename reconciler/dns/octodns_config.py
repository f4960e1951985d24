"""An octoDNS configuration: its zones, and providers built anew for each reading.

A configuration runs code: octoDNS imports whatever class it names. Only providers and secret handlers are built here.
"""

from __future__ import annotations

import copy
import logging
import os
import re
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from octodns.manager import Manager  # type: ignore[import-untyped]

from reconciler.dns.masking import SecretMask
from reconciler.files import descriptor_of, read_bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_BYTES = 1024 * 1024
_IGNORED = ("processors", "validators")
_IGNORED_SETTINGS = (
    "processors",
    "post_processors",
    "plan_outputs",
    "validators",
    "include_meta",
    "auto_arpa",
)


class ConfigError(Exception):
    """The octoDNS configuration cannot be used. `str()` is a message for users, `hint` what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        package = re.search(r"Unknown provider class: (octodns_\w+)\.", message)
        install = f"install the provider: pip install {package[1].replace('_', '-')}" if package else ""
        self.hint = install or "`reconciler explain invalid_config` shows a configuration to start from"


class Configuration:
    """A configuration that was read. Raises ConfigError."""

    def __init__(self, path: str) -> None:
        self.mask = SecretMask()
        try:
            if descriptor_of(path) is None:  # a descriptor can be read only once, and octoDNS opens the file itself
                read_bounded(path, _MAX_BYTES)
            with quiet():
                self._manager = _ProvidersOnly(path, self.mask)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        except Exception as error:  # noqa: BLE001 - octoDNS imports and builds whatever the file names
            raise ConfigError(f"{path}: {_yaml_error(error) or self.describe(error)}") from None

    @property
    def zones(self) -> dict[str, Any]:
        """The settings of each zone by its name, with the trailing dot."""
        zones: dict[str, Any] = self._manager.config["zones"]
        return zones

    @property
    def ignored(self) -> tuple[str, ...]:
        """The settings that would run code or change other records; they are ignored."""
        config = self._manager.config
        settings = config.get("manager") or {}
        return (
            *(name for name in _IGNORED if config.get(name)),
            *(f"manager.{name}" for name in _IGNORED_SETTINGS if settings.get(name)),
        )

    @property
    def providers(self) -> frozenset[str]:
        return frozenset(self._manager.providers)

    def provider(self, name: str) -> Any:
        """A new provider. Providers keep what they have read, so each reading needs one of its own."""
        return self._manager.new_provider(name)

    def sub_zones(self, zone: str) -> set[str]:
        """The configured zones below the zone, relative to it."""
        names: set[str] = self._manager.configured_sub_zones(zone)
        return names

    def describe(self, error: BaseException) -> str:
        """The error in one line, with secrets masked."""
        text = " ".join(str(error).split())
        return self.mask(f"{type(error).__name__}: {text}" if text else type(error).__name__)


class _ProvidersOnly(Manager):  # type: ignore[misc]
    """octoDNS's manager without processors, validators and plan outputs, which would run and could change other records."""

    def __init__(self, path: str, mask: SecretMask) -> None:
        self._mask = mask
        self._settings: dict[str, Any] = {}
        try:
            super().__init__(path)
        except (KeyError, TypeError, AttributeError):
            if problem := _shape_problem(getattr(self, "config", None)):
                raise ConfigError(problem) from None
            raise

    def new_provider(self, name: str) -> Any:
        return super()._config_providers({name: copy.deepcopy(self._settings[name])})[name]

    def _config_providers(self, providers_config: Any) -> Any:
        self._settings = copy.deepcopy(providers_config)
        return super()._config_providers(providers_config)

    def _build_kwargs(self, source: Any) -> Any:
        for name, value in source.items():
            handler, slash, variable = value.partition("/") if isinstance(value, str) else ("", "", "")
            if slash and handler in self.secret_handlers:
                self._mask.add(os.environ.get(variable.partition("/")[0]))
                self._mask.add(variable.partition("/")[2])
            elif not isinstance(value, dict):
                self._mask.add_setting(name, value)
        kwargs = super()._build_kwargs(source)
        for name, value in kwargs.items():
            if value != source[name] and not isinstance(value, dict):
                self._mask.add(value)
        return kwargs

    def _config_processors(self, _config: Any) -> dict[str, Any]:
        return {}

    def _config_validators(self, _config: Any) -> None:
        pass

    def _configure_validators(self, _config: Any) -> None:
        pass

    def _config_plan_outputs(self, _config: Any) -> dict[str, Any]:
        return {}

    def _config_auto_arpa(self, _config: Any, _auto_arpa: bool = False) -> bool:
        return False

    def _config_include_meta(self, _config: Any, _include_meta: bool = False) -> bool:
        return False


def _shape_problem(config: object) -> str | None:
    """What octoDNS needs and does not find in a configuration, without the text of the file."""
    if not isinstance(config, Mapping):
        return "the configuration is not a mapping"
    for key in ("zones", "providers"):
        if key not in config:
            return f"the configuration has no `{key}`"
        if not isinstance(config[key], Mapping):
            return f"`{key}` is not a mapping"
        if name := next((name for name, settings in config[key].items() if not isinstance(settings, Mapping)), None):
            return f"`{name}` below `{key}` is not a mapping"
    return None


def _yaml_error(error: Exception) -> str | None:
    """The place of a YAML error without its text: the parser quotes what it cannot read, which may be a secret."""
    if not type(error).__module__.startswith("yaml."):
        return None
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "not valid YAML"
    return f"{type(error).__name__}: {place}"


class _Gate:
    """Opens the streams to the main thread only, and closes them for ever at the end.

    Providers also write from threads of their own, and their log handlers keep a stream for ever.
    """

    def __init__(self) -> None:
        self.within: Counter[threading.Thread] = Counter()  # the threads that are within `quiet`
        self.closed = False
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Gated(stream, self) for stream in self._streams)

    @property
    def passes(self) -> bool:
        thread = threading.current_thread()
        return not self.closed and thread is threading.main_thread() and not self.within[thread]

    def close(self) -> None:
        """Give the streams back."""
        self.closed = True
        sys.stdout, sys.stderr = self._streams


class _Gated:
    """A stream that drops what its gate does not let pass."""

    def __init__(self, stream: Any, gate: _Gate) -> None:
        self._stream = stream
        self._gate = gate

    def write(self, data: Any) -> int:
        return int(self._stream.write(data)) if self._gate.passes else len(data)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> _Gated:
        return _Gated(self._stream.buffer, self._gate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_gates: list[_Gate] = []  # one while any thread is within `quiet`
_lock = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """octoDNS and its providers log, warn and print at length, secrets included; what matters comes back as errors.

    Raises RuntimeError in place of an end of the whole program, such as SystemExit: other custom domains are being changed.
    """
    silent = logging.NullHandler()
    root = logging.getLogger()
    root.addHandler(silent)  # or Python would write warnings to standard error by itself
    thread = threading.current_thread()
    with _lock:
        gate = _gates[0] if _gates else _Gate()
        _gates[:] = [gate]
        gate.within[thread] += 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - providers raise whatever their clients raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None
    finally:
        with _lock:
            gate.within[thread] -= 1
            if not +gate.within:
                _gates.clear()
                gate.close()
        root.removeHandler(silent)
