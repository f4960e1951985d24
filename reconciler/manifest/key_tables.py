"""Keys of many environments in one JSON object, environment name to key: `--keys FILE` and IMGWIRE_API_KEYS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.files import read_bounded
from reconciler.manifest.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "IMGWIRE_API_KEYS"
MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeyTable:
    """`where` names the source in messages. `problem` is why the table cannot be used. It never repeats its content."""

    where: str
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: str | None = None


def key_tables(path: str | None, environ: Mapping[str, str]) -> tuple[KeyTable, ...]:
    """The tables that a run has, in the order of their lookup. An empty variable counts as unset."""
    tables = []
    if path is not None:
        tables.append(_from_file(path))
    if text := environ.get(VARIABLE, "").strip():
        tables.append(_parse(f"the variable {VARIABLE}", text))
    return tuple(tables)


def _from_file(path: str) -> KeyTable:
    where = f"the keys file `{shorten(path)}`"
    try:
        return _parse(where, read_bounded(path, MAX_BYTES).decode("utf-8-sig"))
    except UnicodeDecodeError:
        return KeyTable(where, problem=f"{where} is not in UTF-8")
    except OSError as failure:
        return KeyTable(where, problem=f"cannot read {where}: {lower_first(failure.strerror or str(failure))}")


def _parse(where: str, text: str) -> KeyTable:
    try:
        content: Any = json.loads(text, object_pairs_hook=_without_repeats)
    except _Repeated as failure:
        return KeyTable(where, problem=f"{where} has `{shorten(failure.name)}` twice")
    except (ValueError, RecursionError):
        return KeyTable(where, problem=f"{where} is not JSON")
    if not isinstance(content, dict):
        return KeyTable(where, problem=f"{where} is not a JSON object of environment names and keys")
    for name, key in content.items():
        if not isinstance(key, str):
            return KeyTable(where, problem=f"`{shorten(name)}` in {where} is not text")
    return KeyTable(where, content)


class _Repeated(Exception):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Repeated(name)
        found[name] = value
    return found


def lower_first(text: str) -> str:
    """A system's error message for the middle of a sentence."""
    return text[:1].lower() + text[1:]
