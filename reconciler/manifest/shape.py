"""The manifest schema as plain tests, fast enough for every run.

jsonschema takes sixty times as long, so it is asked only about what these refuse. A property test holds the two together.
"""

from __future__ import annotations

import re
from typing import Any

DEFAULTS_KEYS = ("api_key", "send_environment_id", "protect", "labels")
ENVIRONMENT_KEYS = ("hostname", "environment_id", *DEFAULTS_KEYS)
ROOT_KEYS = ("version", "api", "limits", "defaults", "environments")

NAME = re.compile(
    r"(?!(?:[sc]k_|(?:hostname|environment_id|api_key|send_environment_id|protect|labels)\Z))[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
)
UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
VARIABLE = re.compile(r"(?![sc]k_)[A-Za-z_][A-Za-z0-9_]{0,255}")
PATH = re.compile(r"(?![sc]k_)[^\0]{1,4096}", re.DOTALL)
LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,127}")

_ENVIRONMENT_KEYS = frozenset(ENVIRONMENT_KEYS)
_DEFAULTS_KEYS = frozenset(DEFAULTS_KEYS)
_ROOT_KEYS = frozenset(ROOT_KEYS)


def head_fits(root: Any) -> bool:
    """Whether everything of a manifest but its environments has the shape of the schema."""
    if not isinstance(root, dict) or not root.keys() <= _ROOT_KEYS:
        return False
    api, limits = root.get("api", _NOTHING), root.get("limits", _NOTHING)
    most = limits.get("max_interruptions", 0) if isinstance(limits, dict) else -1
    return (
        _is_integer(root.get("version"))
        and root["version"] == 1
        and isinstance(api, dict)
        and api.keys() <= {"base_url"}
        and isinstance(api.get("base_url", ""), str)
        and isinstance(limits, dict)
        and limits.keys() <= {"max_interruptions"}
        and _is_integer(most)
        and most >= 0
        and _keys_fit(root.get("defaults", _NOTHING), _DEFAULTS_KEYS)
        and isinstance(root.get("environments", _NOTHING), dict)
    )


def environment_fits(name: object, value: Any) -> bool:
    """Whether one entry below `environments` has the shape of the schema."""
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
    """Whether a mapping has known keys only, and good values for those that `defaults` may have."""
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
    """JSON Schema counts 1.0 as an integer (draft 2020-12, 6.1.1), and no truth value."""
    return (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, float) and value.is_integer())


_NOTHING: dict[str, Any] = {}
