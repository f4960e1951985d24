"""Markdown that outside text cannot leave, laid out within the size that GitHub accepts for a comment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.escape import escape_control

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MAX_CHARACTERS = 60_000
"""GitHub refuses comments above 65,536 characters."""

_RESERVE = (
    2_000  # characters for spaces that break commands of CI runners, and for the lines that count what is left out
)
# What CommonMark and GitHub's dialect give meaning to, some of it only where a line begins.
_MARKUP = re.compile(r"[\\*_{}\[\]()#+!|~>`]|^[-=]|(?<=^\d)\.")
# Mentions, references and addresses become links without any markup; an invisible space keeps them from it.
_LINKING = re.compile(r"@|#|:(?=//)|www(?=\.)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Lines:
    """A part that may be cut between its lines. `before` and `after` are always there, such as a table's head or a fence.

    `counted` is whether the count of what is left out goes inside, before `after`.
    """

    lines: tuple[str, ...]
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    inside: bool = False

    def text(self, room: int) -> str:
        """At most `room` characters, apart from `before` and `after`: whole lines, and how many are left out."""
        kept: list[str] = []
        for line in self.lines:
            room -= len(line) + 1
            if room < 0:
                break
            kept.append(line)
        left_out = len(self.lines) - len(kept)
        note = [f"… and {left_out:,} more. The JSON document has all of them."] if left_out else []
        if self.inside:
            return "\n".join((*self.before, *kept, *note, *self.after))
        return "\n".join((*self.before, *kept, *self.after, *(["", *note] if note else [])))

    def __len__(self) -> int:
        return sum(len(line) + 1 for line in self.lines)


def assemble(parts: Iterable[str | Lines], limit: int = MAX_CHARACTERS) -> str:
    """The parts that are not empty, a blank line between them. Where they are too long, lines are left out and counted.

    Each part that can be cut has an equal share of the room. What one does not need goes to the later ones.
    """
    kept = [part for part in parts if part]
    fixed = [part if isinstance(part, str) else "\n".join((*part.before, *part.after)) for part in kept]
    room = limit - _RESERVE - sum(len(text) + 2 for text in fixed)
    cuttable = sum(isinstance(part, Lines) for part in kept)
    texts = []
    for part in kept:
        if isinstance(part, Lines):
            share = max(0, room // cuttable)
            texts.append(part.text(share))
            room -= min(share, len(part))
            cuttable -= 1
        else:
            texts.append(part)
    return "\n\n".join(texts) + "\n"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Lines:
    lines = [head, tuple("---" for _ in head), *rows]
    first, second, *rest = ("| " + " | ".join(line) + " |" for line in lines)
    return Lines(tuple(rest), (first, second) if rest else ())


def bullets(title: str, lines: Iterable[str]) -> Lines:
    listed = tuple(f"- {line}" for line in lines)
    return Lines(listed, (f"**{title}**", "") if listed else ())


def alert(kind: str, lines: Iterable[str]) -> Lines:
    """A GitHub alert: `CAUTION`, `WARNING`. Elsewhere it is a quotation."""
    quoted = tuple(f"> - {line}" for line in lines)
    return Lines(quoted, (f"> [!{kind}]",) if quoted else ())


def fence(language: str, lines: Iterable[str]) -> Lines:
    """A block of code. No line can end it."""
    harmless = tuple(escape_control(line).replace("`", "'") for line in lines)
    return Lines(harmless, (f"```{language}",) if harmless else (), ("```",) if harmless else (), inside=True)


def details(summary: str, part: Lines) -> Lines:
    """A part that a reader unfolds."""
    before = (f"<details><summary>{summary}</summary>", "", *part.before)
    return Lines(part.lines, before, (*part.after, "", "</details>"), inside=True) if part.lines else part


def code(text: str | None) -> str:
    """Outside text as a code span that it cannot leave, not even inside a table; a dash for none."""
    if not text:
        return "-"
    # Parsers disagree about an escaped bar behind a backslash in a table, so there is no bar.
    kept = escape_control(text).replace("`", "'").replace("|", "¦")
    return f"`{kept}`"


def prose(text: str) -> str:
    """Outside text as plain words: no markup but code spans, no link, no mention, no reference, no table cell, no HTML."""
    parts = escape_control(text).split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):
        return _plain("`".join(parts))
    return "".join(code(part) if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;")
    return _LINKING.sub("\\g<0>\u200b", escaped)
