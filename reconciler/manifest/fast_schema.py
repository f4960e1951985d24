"""The manifest schema as plain tests, fast enough for every run.

jsonschema takes sixty times as long, so it only explains values that these refuse. A property test compares the two.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reconciler.model.limits import DAYS

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULTS_KEYS = ("api_key", "send_environment_id", "protect", "labels")
ENVIRONMENT_KEYS = ("hostname", "environment_id", *DEFAULTS_KEYS)
LIMITS_KEYS = ("max_interruptions", "allowed_domains", "change_windows")
WINDOW_KEYS = ("days", "from", "to", "time_zone")
ROOT_KEYS = ("version", "api", "limits", "defaults", "environments")

NAME = re.compile(
    r"(?!(?:[sc]k_|(?:hostname|environment_id|api_key|send_environment_id|protect|labels)\Z))[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
)
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
VARIABLE = re.compile(r"(?![sc]k_)[A-Za-z_][A-Za-z0-9_]{0,255}")
PATH = re.compile(r"(?![sc]k_)[^\0]{1,4096}", re.DOTALL)
START = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)
END = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)
MAX_ZONE = 64  # characters of the name of a time zone
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")

_ENVIRONMENT_KEYS = frozenset(ENVIRONMENT_KEYS)
_DEFAULTS_KEYS = frozenset(DEFAULTS_KEYS)
_ROOT_KEYS = frozenset(ROOT_KEYS)


def head_fits(root: Any) -> bool:
    """Whether a manifest without its environments matches the schema."""
    if not isinstance(root, dict) or not root.keys() <= _ROOT_KEYS:
        return False
    api = root.get("api", _NOTHING)
    return (
        _is_integer(root.get("version"))
        and root["version"] == 1
        and isinstance(api, dict)
        and api.keys() <= {"base_url"}
        and isinstance(api.get("base_url", ""), str)
        and _limits_fit(root.get("limits", _NOTHING))
        and _keys_fit(root.get("defaults", _NOTHING), _DEFAULTS_KEYS)
        and isinstance(root.get("environments", _NOTHING), dict)
    )


def _limits_fit(limits: Any) -> bool:
    if not isinstance(limits, dict) or not limits.keys() <= set(LIMITS_KEYS):
        return False
    most = limits.get("max_interruptions", 0)
    return (
        _is_integer(most)
        and most >= 0
        and _list_fits(limits, "allowed_domains", 1000, lambda item: isinstance(item, str))
        and _list_fits(limits, "change_windows", 100, window_fits)
    )


def window_fits(window: Any) -> bool:
    """Whether one entry of `change_windows` matches the schema."""
    return (
        isinstance(window, dict)
        and window.keys() <= set(WINDOW_KEYS)
        and isinstance(start := window.get("from"), str)
        and START.fullmatch(start) is not None
        and isinstance(end := window.get("to"), str)
        and END.fullmatch(end) is not None
        and isinstance(zone := window.get("time_zone"), str)
        and len(zone) <= MAX_ZONE
        and _list_fits(window, "days", 7, lambda day: isinstance(day, str) and day in DAYS)
    )


def _list_fits(mapping: Any, key: str, most: int, fits: Callable[[Any], bool]) -> bool:
    value = mapping.get(key, _NO_LIST)
    return value is _NO_LIST or (isinstance(value, list) and 1 <= len(value) <= most and all(map(fits, value)))


def environment_fits(name: object, value: Any) -> bool:
    """Whether one entry below `environments` matches the schema."""
    if type(name) is not str or not NAME.fullmatch(name):
        return False
    if value is None or isinstance(value, str):
        return True
    if not _keys_fit(value, _ENVIRONMENT_KEYS) or "hostname" not in value:
        return False
    hostname, pin = value["hostname"], value.get("environment_id", _NOTHING)
    return (hostname is None or isinstance(hostname, str)) and (
        pin is _NOTHING or (isinstance(pin, str) and UUID.fullmatch(pin) is not None)
    )


def _keys_fit(value: Any, known: frozenset[str]) -> bool:
    """Whether a mapping has only known keys, and valid values for those that `defaults` may have."""
    if not isinstance(value, dict) or not value.keys() <= known:
        return False
    return (
        isinstance(value.get("protect", False), bool)
        and isinstance(value.get("send_environment_id", False), bool)
        and ("api_key" not in value or _api_key_fits(value["api_key"]))
        and ("labels" not in value or _labels_fit(value["labels"]))
    )


def _api_key_fits(value: object) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((key, text),) = value.items()
    pattern = {"env": VARIABLE, "file": PATH, "dir": PATH}.get(key)
    return pattern is not None and isinstance(text, str) and pattern.fullmatch(text) is not None


def _labels_fit(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and LABEL.fullmatch(name) and isinstance(text, str) and len(text) <= 256
        for name, text in value.items()
    )


def _is_integer(value: object) -> bool:
    """JSON Schema counts 1.0 as an integer (draft 2020-12, 6.1.1), but not booleans."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


_NOTHING: dict[str, Any] = {}
_NO_LIST: list[Any] = []
