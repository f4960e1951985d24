"""Decodes the bytes of a manifest file to text whose lines YAML and every editor count alike."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.recognition import mentions_environments
from reconciler.manifest.source_text import Location, SourceText, error
from reconciler.manifest.syntax import unreadable_character

if TYPE_CHECKING:
    from reconciler.model.diagnostics import Diagnostic

_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
# YAML 1.1 breaks lines at these, YAML 1.2 and editors do not. U+FEFF is invisible.
_AMBIGUOUS_CHARACTERS = re.compile("[\u0085\u2028\u2029\ufeff]")


def decode(file: str, data: bytes) -> SourceText | Diagnostic:
    """The text of a file without a byte order mark, or a diagnostic for its encoding."""
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            return _other_encoding(file, name)
    if data[1:2] == b"\0" or data[:1] == b"\0":
        return _other_encoding(file, "UTF-16")
    try:
        source = SourceText(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError as failure:
        return _bad_byte(file, data, failure.start)
    source.is_private = not mentions_environments(source.text)
    if not source.text.isascii() and (found := _AMBIGUOUS_CHARACTERS.search(source.text)):
        return unreadable_character(source, found.start())
    return source


def _other_encoding(file: str, name: str) -> Diagnostic:
    at = Location(SourceText(file, ""), (0, 0, 1))
    return error(Code.NOT_UTF8, f"the file is not UTF-8: it looks like {name}", at, hint="save the file as UTF-8")


def _bad_byte(file: str, data: bytes, position: int) -> Diagnostic:
    """Position and excerpt come from the text with the bad bytes replaced, which keeps its lines."""
    before = data[:position].decode("utf-8-sig", "replace")
    line = before.count("\n") + before.count("\r") - before.count("\r\n")
    column = len(before) - max(before.rfind("\n"), before.rfind("\r")) - 1
    source = SourceText(file, data.decode("utf-8-sig", "replace"))
    source.is_private = not mentions_environments(source.text)
    message = f"the byte 0x{data[position]:02X} is not UTF-8"
    hint = "save the file as UTF-8; it may be Latin-1 or Windows-1252"
    return error(Code.NOT_UTF8, message, Location(source, (line, column, 1)), hint=hint)
