"""Explains the errors of the YAML parser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from yaml.error import MarkedYAMLError
from yaml.reader import ReaderError

from reconciler.manifest.codes import Code
from reconciler.manifest.source_text import TO_END_OF_LINE, Location, Position, error

if TYPE_CHECKING:
    from yaml.error import YAMLError

    from reconciler.manifest.source_text import SourceText
    from reconciler.model.diagnostics import Diagnostic

# Texts of libyaml and of PyYAML, which differ slightly. The first that is in the error decides.
_EXPLAINED = (
    ("mapping values are not allowed", "no key is possible before this colon",
     "check the indentation of the keys, and put values that contain `: ` in quotes"),
    ("found unexpected end of stream", "this quote is never closed", "add the closing quote"),
    ("cannot start any token", "this character cannot start a value",
     "put the value in quotes: `@`, `` ` `` and `%` need quotes"),
    ("could not find expected ':'", "a key without a colon", "write `key: value`, with a space after the colon"),
    ("unknown escape character", "YAML does not know this escape",
     "use single quotes, or write two backslashes"),
    ("did not find expected key", "this line does not belong to the mapping around it",
     "start all keys of a mapping in the same column"),
    ("expected <block end>", "this line does not belong to the mapping around it",
     "start all keys of a mapping in the same column"),
    ("expected '-' indicator", "this line does not belong to the list around it",
     "start each entry with `- ` in the same column"),
    (
        "expected node content",
        "a value or a closing bracket is missing here",
        "write the value, or close the bracket with `]` or `}`",
    ),
    ("expected ',' or ']'", "the list is not closed here", "close it with `]`, or put a comma between values"),
    ("expected ',' or '}'", "the mapping is not closed here",
     "close it with `}`, or put a comma between entries"),
    ("incompatible YAML document", "this YAML version is not supported", "remove the `%YAML` line"),
    ("document start", "text after the end of the manifest", "remove it, or check quotes, brackets and indentation before it"),
)  # fmt: skip

_KEY = re.compile(r"[^\s,{\[]+[ \t]*\Z")


def explain_syntax(source: SourceText, failure: YAMLError) -> Diagnostic:
    """The one problem that stopped the parser."""
    if isinstance(failure, ReaderError):
        return unreadable_character(source, failure.position)
    if not isinstance(failure, MarkedYAMLError) or failure.problem_mark is None:
        return error(
            Code.YAML_SYNTAX, "this is not YAML", Location(source, (0, 0, 1)), hint="see https://yaml.org/spec/1.2.2/"
        )
    problem = failure.problem or ""
    mark = failure.problem_mark
    position: Position = (mark.line, mark.column, 1)
    opened = failure.context_mark
    begin: Position | None = (opened.line, opened.column, 1) if opened else None
    line = source.lines[mark.line] if mark.line < len(source.lines) else ""
    is_tab = "cannot start any token" in problem and line[mark.column : mark.column + 1] == "\t"
    if is_tab or "tab character that violates" in problem:
        return error(
            Code.YAML_SYNTAX,
            "a tab is used for indentation",
            Location(source, position),
            hint="indent with spaces",
        )
    message, hint = next(((message, hint) for words, message, hint in _EXPLAINED if words in problem),
                         ("this is not YAML" if source.is_private else f"this is not YAML: {problem}", None))  # fmt: skip
    if "mapping values" in problem and (key := _KEY.search(line, 0, mark.column)):
        position = (mark.line, key.start(), len(key[0].rstrip()))
    if begin and "end of stream" in problem:
        return error(Code.YAML_SYNTAX, message, Location(source, (*begin[:2], TO_END_OF_LINE)), hint=hint)
    if "could not find expected ':'" in problem and begin:
        return error(Code.YAML_SYNTAX, message, Location(source, (*begin[:2], TO_END_OF_LINE)), hint=hint)
    if "belong to the mapping" in message and line[: mark.column].strip():
        message = "text after the end of the value"
        hint = "put the whole value in quotes; inside single quotes, write `'` twice"
        return error(Code.YAML_SYNTAX, message, Location(source, position), hint=hint)
    related = ((Location(source, begin), "it begins here"),) if begin and begin[:2] != position[:2] else ()
    if not line[mark.column :].strip() and not any(map(str.strip, source.lines[mark.line + 1 :])):
        position, related = _end(source), () if begin == position else related
    return error(Code.YAML_SYNTAX, message, Location(source, position), hint=hint, related=related)


def _end(source: SourceText) -> Position:
    """The position of the last character that is not white space: something is missing after it."""
    number = max((index for index, line in enumerate(source.lines) if line.strip()), default=0)
    return (number, max(0, len(source.lines[number].rstrip()) - 1), 1)


def unreadable_character(source: SourceText, position: int) -> Diagnostic:
    """A diagnostic for the character at an index of the text: YAML forbids it, or editors count lines by it differently."""
    before = source.text[:position]
    character = ord(source.text[position]) if position < len(source.text) else 0
    start = max(before.rfind("\n"), before.rfind("\r")) + 1
    line = before.count("\n") + before.count("\r") - before.count("\r\n")
    return error(
        Code.YAML_SYNTAX,
        f"the character U+{character:04X} is not allowed in a manifest",
        Location(source, (line, position - start, 1)),
        hint=f"remove it, or write it in double quotes as `\\u{character:04X}`",
    )
