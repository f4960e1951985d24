"""Text of servers and libraries as part of a message."""

from __future__ import annotations

_MAX_REASON = 300  # characters


def one_line(text: str, max_chars: int = _MAX_REASON) -> str:
    """At most so many characters, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= max_chars else text[: max_chars - 1] + "…"
