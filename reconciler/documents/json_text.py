"""JSON documents as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING

from reconciler.model.escape import finish

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENCODER = json.JSONEncoder(indent=2, ensure_ascii=True)


def to_json(data: object) -> str:
    """Indented and in ASCII, so that no text of the API or the manifest sends a control sequence through a reader of it.

    A member of an object may be an iterator: it becomes a list whose items are made while they are written. As objects, a
    report of 20,000 environments is several times as large as its text of 46 MB.
    """
    text = StringIO()  # `json.dumps` would keep a list of all pieces: ten times the memory of the text
    if isinstance(data, dict):
        text.writelines(_members(data))
    else:
        text.writelines(_ENCODER.iterencode(data))
    text.write("\n")
    return finish(text.getvalue(), "json")


def _members(data: Mapping[str, object]) -> Iterator[str]:
    separator = "{\n  "
    for key, value in data.items():
        yield f"{separator}{json.dumps(key)}: "
        separator = ",\n  "
        if isinstance(value, Iterator):
            yield from _items(value)
        else:
            yield _indented(value, "\n  ")
    yield "\n}" if data else "{}"


def _items(items: Iterator[object]) -> Iterator[str]:
    separator = "["
    for item in items:
        yield f"{separator}\n    "
        yield _indented(item, "\n    ")
        separator = ","
    yield "[]" if separator == "[" else "\n  ]"


def _indented(value: object, line: str) -> str:
    return _ENCODER.encode(value).replace("\n", line)  # a line break within a string is written as an escape
