"""An octoDNS configuration: its zones, and providers built anew for each reading.

A configuration runs code: octoDNS imports whatever class it names. Only providers and secret handlers are built here.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Mapping
from typing import Any

from octodns.manager import Manager  # type: ignore[import-untyped]

from reconciler.dns.masking import SecretMask
from reconciler.dns.quiet import quiet
from reconciler.files import descriptor_of, read_bounded

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
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")


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
        """The error in one line, with secrets masked. An error of the system is clear without the name of its class."""
        text = " ".join(str(error).split())
        if isinstance(error, OSError) and error.strerror:
            return self.mask(_ERRNO.sub("", text))
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
