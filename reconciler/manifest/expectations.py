"""The expected value of each key of a manifest, in words and with an example."""

from __future__ import annotations

from reconciler.manifest.fast_schema import DEFAULTS_KEYS, ENVIRONMENT_KEYS, LIMITS_KEYS, ROOT_KEYS, WINDOW_KEYS
from reconciler.manifest.scalars import AmbiguousScalar
from reconciler.manifest.wording import closest, shorten

Path = tuple[str, ...]
"""The keys above a value and its own, outermost first."""

EXAMPLE_WINDOW = {"from": '"22:00"', "to": '"02:00"', "time_zone": "Europe/Berlin"}
"""The keys that a change window must have, each with a value as YAML writes it."""
_WINDOW = ", ".join(f"{key}: {text}" for key, text in EXAMPLE_WINDOW.items())

EXPECTED = {
    "version": ("the number `1`", "write `version: 1`"),
    "api": ("a mapping", "write `base_url: …` below it, or remove the key"),
    "base_url": ("text", "write `base_url: https://api.imgwire.dev`, or remove the key"),
    "limits": ("a mapping", "write `max_interruptions: 3` below it, or remove the key"),
    "max_interruptions": ("a whole number, 0 or more", "write `max_interruptions: 3`"),
    "allowed_domains": ("a list of domains", "write `allowed_domains: [example.com]`"),
    "change_windows": (
        "a list of windows",
        f"write `change_windows: [{{{_WINDOW}}}]`",
    ),
    "days": ("a list of weekdays", "write `days: [mon, tue, wed, thu, fri]`, or remove the key for every day"),
    "from": ("a time such as `22:00`", 'write hours and minutes in quotes: `from: "22:00"`'),
    "to": ("a time such as `02:00`", 'write hours and minutes in quotes: `to: "02:00"`'),
    "time_zone": ("the name of a time zone", "write `time_zone: Europe/Berlin`, or another name of the IANA database"),
    "defaults": ("a mapping", "write `protect: true` or another key below it, or remove the key"),
    "environments": ("a mapping of names", "write `production: images.example.com` below it"),
    "hostname": (
        "a hostname or `null`",
        "write `hostname: images.example.com`, or `hostname: null` for no custom domain",
    ),
    "environment_id": ("a UUID as text", "copy it from the Imgwire dashboard, or remove the key"),
    "api_key": ("a mapping", "write `{env: IMGWIRE_API_KEY_PRODUCTION}` or `{file: /run/secrets/imgwire}`"),
    "env": ("the name of an environment variable", "write `{env: IMGWIRE_API_KEY_PRODUCTION}`, without `$`"),
    "file": ("the path of a file", "write `{file: /run/secrets/imgwire}`"),
    "dir": ("the path of a folder", "write `{dir: /run/secrets}`; the folder has one file for each environment"),
    "send_environment_id": ("`true` or `false`", "write `true` or `false`, without quotes"),
    "protect": ("`true` or `false`", "write `true` or `false`, without quotes"),
    "labels": ("a mapping of text to text", "write `labels: {team: web}`"),
}
NAME_HINT = (
    "use at most 128 letters, digits, `.`, `_` and `-`; begin with a letter or digit, but not with `sk_` or `ck_`"
)
_ENVIRONMENT = (
    "a hostname, `null` or a mapping",
    "write `{name}: images.example.com`, or `{name}: null` for no custom domain",
)
_ITEMS = {
    "allowed_domains": ("a domain", "write `example.com`"),
    "change_windows": ("a mapping", f"write `{{{_WINDOW}}}`"),
    "days": ("a weekday", "write one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat` and `sun`"),
}
_LABEL = ("text", 'put it in quotes: `{name}: "{text}"`')
_OTHER_WORDS = {"domain": "hostname", "custom_domain": "hostname", "id": "environment_id", "targets": "environments"}

_ROOT = ("a mapping", "begin with `version: 1`; `reconciler init` writes a manifest to start from")


def known_keys(path: Path) -> tuple[str, ...]:
    """The keys of the mapping at this path, in the order of the schema."""
    match path:
        case ():
            return ROOT_KEYS
        case ("api",):
            return ("base_url",)
        case ("limits",):
            return LIMITS_KEYS
        case ("limits", "change_windows", _):
            return WINDOW_KEYS
        case ("defaults",):
            return DEFAULTS_KEYS
        case (*_, "api_key"):
            return ("env", "file", "dir")
        case _:
            return ENVIRONMENT_KEYS


def intended_key(key: str, known: tuple[str, ...]) -> str | None:
    """The known key that an unknown one stands for: another word for it, or the most similar one. None if there is none."""
    word = _OTHER_WORDS.get(key)
    return word if word in known else closest(key, known)


def expected(path: Path, value: object) -> tuple[str, str]:
    """The expected value at this path, and a hint that depends on `value`."""
    text = (
        value.text
        if isinstance(value, AmbiguousScalar)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    match path:
        case ():
            return _ROOT
        case ("environments", name):
            description, hint = _ENVIRONMENT
            return description, hint.format(name=shorten(name))
        case (*_, "labels", name):
            description, hint = _LABEL
            return description, hint.format(
                name=shorten(name), text=shorten(text) if isinstance(value, AmbiguousScalar | bool | int) else "…"
            )
        case ("limits", *_, setting, index) if index.isdecimal():
            return _ITEMS[setting]
        case (*_, key):
            description, hint = EXPECTED[key]
    if key in {"protect", "send_environment_id"} and isinstance(value, str | AmbiguousScalar):
        if text.lower() in {"true", "yes", "on", "1"}:
            hint = "write `true`, without quotes"
        elif text.lower() in {"false", "no", "off", "0"}:
            hint = "write `false`, without quotes"
    elif key in {"from", "to"} and isinstance(value, str):
        latest = "23:59" if key == "from" else "24:00"
        hint = f"write hours and minutes with two digits each, from `00:00` to `{latest}`"
    elif key == "days" and isinstance(value, str):
        hint = "write a list: `days: [mon]`"
    elif key == "version" and text in {"1", "1.0"}:
        hint = "write `version: 1`, without quotes and decimal point"
    return description, hint


def environment_of(path: Path) -> str | None:
    """The name of the environment that this path is in."""
    return path[1] if len(path) > 1 and path[0] == "environments" else None
