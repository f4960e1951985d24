"""Lines of the log on standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.render.escape import escape_control, finish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def text_line(kind: str, text: str) -> str:
    """One line for people."""
    return (escape_control(text) if kind in {"info", "call"} else f"{kind}: {escape_control(text)}") + "\n"


def json_line(time: datetime, kind: str, text: str, fields: Mapping[str, str | float | None]) -> str:
    """The same as a JSON object."""
    record = {"time": time.isoformat(timespec="milliseconds"), "kind": kind, "text": text, **fields}
    return finish(json.dumps(record), "json") + "\n"
