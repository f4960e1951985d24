"""Text laid out for a terminal: wrapped at words, in columns that line up, or as a list where columns do not fit.

Every function takes `width`, the columns of the terminal, or None for output without a limit (a file, a pipe). Text may
already contain colour codes; they take no columns.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_GAP = 2  # columns between two cells
_LAST = " " * 6  # before a last cell on a line of its own
_MIN_WRAPPED = 24  # columns: a last cell that is wrapped narrower than this reads badly, so the row becomes a list
_INDENT = "    "
_SIGNS = frozenset("+-~?!>=")  # before what is created, deleted and so on
_CONTINUED = " \\"  # the end of a line of a command that goes on in the next one
_MAX_PADDED = 48  # columns of a cell, where no width bounds the row: one long name does not move all others
_WHOLE = re.compile(r"\S*`reconciler [^`]*`\S*|\d[\d.]* (?:s|MiB)\b\S*")  # one word in spite of its spaces


def columns(text: str) -> int:
    """The columns that `text` takes on a terminal: 2 for wide characters and emoji, 0 for combining ones and colour codes."""
    plain = _COLOUR.sub("", text) if "\x1b" in text else text
    if plain.isascii():
        return len(plain)
    from rich.cells import cell_len

    return cell_len(plain)


def wrap(text: str, width: int | None, *, first: str = "", rest: str | None = None) -> list[str]:
    """`text` as lines of at most `width` columns, broken only at spaces.

    The first line begins with `first`, the others with `rest` (by default as many spaces). A word that is wider than a whole
    line starts at the left edge of its own line; only such a word is split, and nothing is added to it.
    A word that fits, but not with all of the indentation, gets less of it. A sign such as `-` stays before its word.
    A command in backticks is one word. One that is wider than a line has a backslash where it is broken, as shells read it.
    """
    if rest is None:
        rest = " " * columns(first)
    if width is None or columns(first) + columns(text) <= width:
        return [f"{first}{text}".rstrip()]
    lines: list[str] = []
    line, words = first, 0  # the line so far, and how many words it has
    for word in _words(text, width, width - columns(rest)):
        gap = " " if words else ""
        continues = line.endswith(
            _CONTINUED
        )  # a shell reads on in the next line only where the backslash is the last character
        if not continues and columns(line) + len(gap) + columns(word) <= width:
            line, words = f"{line}{gap}{word}", words + 1
            continue
        if not word:  # one of several spaces, at the end of a line
            continue
        if words or line.strip():
            lines.append(line.rstrip())
        if columns(word) > width:
            *full, line = split(word, max(1, width))
            lines += full
        else:
            line = f"{rest[: width - columns(word)]}{word}"
        words = 1
    return [*lines, line.rstrip()]


def _words(text: str, width: int, room: int) -> list[str]:
    """What is between the spaces. A sign and its word are one, if a line has room for both: without a space, if need be."""
    words = _pieces(text, width, room)
    if len(words) > 1 and _COLOUR.sub("", words[0]) in _SIGNS and 0 < columns(words[1]) < width:
        return [f"{words[0]}{' ' * (columns(words[1]) < width - 1)}{words[1]}", *words[2:]]
    return words


def _pieces(text: str, width: int, room: int) -> list[str]:
    words, place = [], 0
    for whole in _WHOLE.finditer(text):
        words += text[place : whole.start() - 1].split(" ") if whole.start() > place else []
        words += [whole[0]] if columns(whole[0]) <= width else _continued(whole[0], room)
        place = whole.end() + 1
    return words + (text[place:].split(" ") if place <= len(text) else [])


def _continued(command: str, room: int) -> list[str]:
    """A command as lines of at most `room` columns, if its words allow it. Pasted together they are one command."""
    line, *words = command.split(" ")
    lines = [line]
    for word in words:
        if columns(f"{lines[-1]} {word}{_CONTINUED}") > room:
            lines[-1] += _CONTINUED
            lines.append(word)
        else:
            lines[-1] += f" {word}"
    return lines


def pack(items: Sequence[str], width: int | None, first: str) -> str:
    """As many items on each line as fit, with commas in between. The lines below the first are indented as far as `first`."""
    lines = [first]
    for place, item in enumerate(items):
        piece = f"{item}," if place < len(items) - 1 else item
        if width is not None and lines[-1].strip() and columns(f"{lines[-1]} {piece}") > width:
            lines.append(" " * columns(first))
        lines[-1] += f" {piece}"
    return "\n".join(lines)


def fit(text: str, width: int | None) -> str:
    """A whole text for a terminal: each line that is too wide is wrapped, its continuation indented below its beginning."""
    if width is None:
        return text
    return "\n".join(part for line in text.split("\n") for part in _fitted(line, width))


def _fitted(line: str, width: int) -> list[str]:
    if columns(line) <= width:
        return [line]
    content = line.lstrip(" ")
    indent = " " * (len(line) - len(content))
    return wrap(content, width, first=indent, rest=indent + "    ")


def split(word: str, width: int) -> list[str]:
    """A word in pieces of at most `width` columns (at least one character each): after a dot of a name in the second half of a
    piece, where there is one. Colour codes stay with what follows them."""
    pieces, piece, size = [], "", 0
    for token in _tokens(word):
        taken = columns(token)
        if piece and taken and size + taken > width:
            end = piece.rfind(".") + 1
            end = end if columns(piece[:end]) * 2 > width else len(piece)
            pieces.append(piece[:end])
            piece = piece[end:]
            size = columns(piece)
        piece += token
        size += taken
    return [*pieces, piece]


def _tokens(word: str) -> Iterator[str]:
    """Characters, and whole colour codes."""
    place = 0
    for code in _COLOUR.finditer(word):
        yield from word[place : code.start()]
        yield code.group()
        place = code.end()
    yield from word[place:]


def table(
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    header: Sequence[str] = (),
    indent: str = "",
    below: Sequence[Sequence[str]] = (),
) -> str:
    """Rows in columns, two spaces apart, whose form does not depend on the other rows. A last cell that does not fit beside the
    others is wrapped: below a header in its column, if that has room for its longest word, else on lines of its own. A row whose
    other cells are too wide for the columns becomes a list: below a header the first cell on a line, every other cell below it,
    named by its header; without a header as many cells on each line as fit. No cell is lost. A last cell is broken at its line
    breaks first. `below` has lines for each row, which go below it as they are."""
    if not rows:
        return ""
    grid = [header, *rows] if header else list(rows)
    sizes = _sizes(grid, None if width is None else width - columns(indent), has_header=bool(header))
    lines = list(_laid_out(header, sizes, width, header=header, indent=indent)) if header and sizes else []
    for place, row in enumerate(rows):
        lines += _laid_out(row, sizes, width, header=header, indent=indent)
        lines += below[place] if below else ()
    return "\n".join(lines)


def _sizes(grid: Sequence[Sequence[str]], room: int | None, *, has_header: bool) -> list[int]:
    """The columns of each cell but the last. Rows that do not fit in `room` columns do not count, the widest first; nothing where
    none fits."""
    sizes = [[columns(cell) for cell in row[:-1]] for row in grid]
    if room is None:
        return [min(max(column), _MAX_PADDED) for column in zip(*sizes, strict=True)]
    fitting, count = (sizes.pop(0) if has_header else []), 0
    for row in sorted(sizes, key=sum):
        wider = [max(pair) for pair in zip(fitting, row, strict=True)] if fitting else row
        if sum(wider) + _GAP * (len(wider) - 1) <= room:
            fitting, count = wider, count + 1
    return fitting if count else []


def _laid_out(
    row: Sequence[str], sizes: Sequence[int], width: int | None, *, header: Sequence[str], indent: str
) -> Iterator[str]:
    """The lines of one row."""
    if width is not None and not (sizes and all(map(_within, row, sizes))):
        row = (*row[:-1], row[-1].replace("\n", " " * _GAP))
        yield from _listed(row, header, width, indent) if header else _packed(row, width, indent)
        return
    start = columns(indent) + sum(sizes) + _GAP * len(sizes)
    beside = row[-1].replace("\n", " " * _GAP)
    if width is None or start + columns(beside) <= width:
        yield from _row((*row[:-1], beside), sizes, width, indent)
        return
    longest_word = max(map(columns, row[-1].split()), default=0)
    in_column = header and start + max(_MIN_WRAPPED, longest_word) <= width
    parts = row[-1].split("\n")
    if in_column:
        yield from _row((*row[:-1], parts.pop(0)), sizes, width, indent)
    else:
        yield from _row((*row[:-1], ""), sizes, width, indent)
        parts = [beside] if columns(indent + _LAST + beside) <= width else parts
    for part in parts:
        yield from wrap(part, width, first=" " * start if in_column else indent + _LAST)


def _within(cell: str, size: int) -> bool:
    return columns(cell) <= size


def _row(row: Sequence[str], sizes: Sequence[int], width: int | None, indent: str) -> list[str]:
    start = indent + "".join(
        cell + " " * max(_GAP, size + _GAP - columns(cell)) for cell, size in zip(row[:-1], sizes, strict=True)
    )
    return wrap(row[-1], width, first=start) if row[-1] else [start.rstrip()]


def _listed(row: Sequence[str], header: Sequence[str], width: int, indent: str) -> Iterator[str]:
    yield from wrap(row[0], width, first=indent)
    for title, cell in zip(header[1:], row[1:], strict=True):
        if cell:
            yield from wrap(f"{title}: {cell}", width, first=indent + _INDENT, rest=indent + _INDENT + "  ")


def _packed(row: Sequence[str], width: int, indent: str) -> Iterator[str]:
    """As many cells on each line as fit, none of them broken that fits on a line."""
    line, *cells = [cell for cell in row if cell]
    first = indent
    for cell in cells:
        if columns(first) + columns(line) + _GAP + columns(cell) <= width:
            line += " " * _GAP + cell
        else:
            yield from wrap(line, width, first=first)
            line, first = cell, indent + _LAST
    yield from wrap(line, width, first=first)
