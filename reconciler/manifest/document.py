"""Reads YAML to plain data with positions: a small builder on the parser's events, so that nothing is expanded.

PyYAML silently keeps the last of two equal keys, and follows aliases without limit. Here both are problems.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from reconciler.manifest.codes import Code
from reconciler.manifest.located import Document, LocatedList, LocatedMapping
from reconciler.manifest.masking import may_hold_secret, points_elsewhere
from reconciler.manifest.recognition import is_manifest, mentions_environments
from reconciler.manifest.scalars import EMPTY, REPORTED, AmbiguousScalar, plain_value
from reconciler.manifest.source_text import MAX_PROBLEMS, TO_END_OF_LINE, Location, Position, SourceText, error
from reconciler.manifest.syntax import explain_syntax
from reconciler.manifest.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.diagnostics import Diagnostic

__all__ = ["HAS_LIBYAML", "MAX_DEPTH", "Document", "read_document"]

MAX_DEPTH = 32
"""Levels of nesting. A manifest has five; the parser slows down with the square of the depth."""

MAX_ITEMS = 20_000
"""Entries of one mapping or list: the environments that a manifest may have."""

HAS_LIBYAML: bool = yaml.__with_libyaml__

_CORE = "tag:yaml.org,2002:"
_COLLECTION_TAGS = (None, "!", _CORE + "map", _CORE + "seq")
_TEXT_TAGS = ("!", _CORE + "str")
_SCALAR_TAGS = tuple(_CORE + name for name in ("null", "bool", "int", "float"))
_KEYS_WITHOUT_SECRETS = frozenset(
    {"version", "environments", "hostname", "environment_id", "protect", "labels", "send_environment_id", "base_url"}
)
_MERGE = "<<"


def read_document(source: SourceText, *, fast: bool = HAS_LIBYAML) -> Document:
    """Read one YAML document with libyaml's parser, or with PyYAML's own, which takes about eight times as long.

    Raises nothing: see `problems`.
    """
    document = Document(source)
    builder = _Builder(document)
    is_whole = False
    try:
        builder.build(_event_source(source.text, fast=fast))
        source.is_read = is_whole = True
    except yaml.YAMLError as failure:
        builder.problems.append(partial(explain_syntax, source, failure))
        document.root = REPORTED
    except _Stop:
        document.root = REPORTED
    source.is_private = not (is_manifest(document.root) if is_whole else mentions_environments(source.text))
    problems = builder.problems
    if source.is_private and is_whole and document.root is not EMPTY:
        document.root = REPORTED
        problems = [partial(_not_a_manifest, source)]
    elif source.is_private:
        problems = problems[-1:]  # the one that ended the reading; the others name keys of the file
    document.problems = [problem() for problem in problems]
    return document


def _not_a_manifest(source: SourceText) -> Diagnostic:
    message = "this file is not a manifest: it has neither `version` nor `environments`"
    hint = "check the path; `reconciler init` writes a manifest to start from"
    return error(Code.WRONG_TYPE, message, Location(source, (0, 0, 1)), hint=hint)


def _event_source(text: str, *, fast: bool) -> Callable[[], Any]:
    """The next event of the text at each call."""
    if fast:
        from yaml.cyaml import CParser  # type: ignore[attr-defined]

        next_event: Callable[[], Any] = CParser(text).get_event
        return next_event
    return yaml.Loader(text).get_event


class _Stop(Exception):
    """Reading ends here."""


class _Builder:
    """Follows the events of one stream with a stack of its own, so that depth costs no recursion."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._source = document.source
        self._anchors: dict[str, Position] = {}
        self.problems: list[Callable[[], Diagnostic]] = []
        """Called after reading, when it is known which parts of the text are secret."""

    def build(self, next_event: Callable[[], Any]) -> None:
        first: Location | None = None
        while not isinstance(event := next_event(), StreamEndEvent):
            if not isinstance(event, DocumentStartEvent):
                continue
            if first is not None:
                hint = "keep one document in each file; pass several files with several -f, or as a folder"
                related = ((first, "the first document starts here"),)
                self._add_diagnostic(
                    Code.MULTIPLE_DOCUMENTS, "a second YAML document starts here", event, hint, related
                )
                return
            self._read_document(next_event)
            first = Location(self._source, self._document.root_position)

    def _read_document(self, next_event: Callable[[], Any]) -> None:
        """Read from the start of the document to the end of its root."""
        document, anchors = self._document, self._anchors
        around: list[tuple[LocatedMapping | LocatedList | None, bool]] = []
        here: LocatedMapping | LocatedList | None = None
        secret = False  # values may be an API key
        key: str | AmbiguousScalar | None = None  # AmbiguousScalar where the value is not kept
        key_position: Position = (0, 0, 0)
        while True:
            event = next_event()
            kind = type(event)
            if kind is MappingEndEvent or kind is SequenceEndEvent:
                here, secret = around.pop()
                if here is None:
                    return
                continue

            position = _position(event)
            opened: LocatedMapping | LocatedList | None = None
            value: object
            if kind is ScalarEvent:
                if event.tag is not None:
                    value = self._tagged(event)
                else:
                    value = plain_value(event.value) if event.implicit[0] else event.value
            elif kind is AliasEvent:
                if not (isinstance(key, AmbiguousScalar) and key.text == _MERGE):  # a merge was reported at its key
                    self._add_alias(event)
                value = REPORTED
            else:
                if len(around) == MAX_DEPTH:
                    hint = "a manifest has five: check the brackets and the indentation"
                    self._add_diagnostic(Code.TOO_LARGE, f"nested more than {MAX_DEPTH} levels deep", event, hint)
                    raise _Stop
                value = opened = LocatedMapping() if kind is MappingStartEvent else LocatedList()
                if event.tag not in _COLLECTION_TAGS:
                    value = self._add_tag(event)
            if kind is not AliasEvent and event.anchor:
                anchors[event.anchor] = position

            if type(here) is LocatedMapping:
                if key is None:
                    key, key_position = self._key(here, value, event), position
                    continue
                below_secret = secret or (key not in _KEYS_WITHOUT_SECRETS and self._secret_key(key, len(around)))
                if below_secret and kind is ScalarEvent and not points_elsewhere(str(key), event.value):
                    self._hide(event)
                if type(key) is str:
                    here.positions[key] = (key_position, position)
                    here[key] = value
                    if len(here) > MAX_ITEMS:
                        self._refuse_items(event)
                key = None
            else:
                below_secret = secret
                if secret and kind is ScalarEvent:
                    self._hide(event)
                if type(here) is LocatedList:
                    here.append(value)
                    here.positions.append(position)
                    if len(here) > MAX_ITEMS:
                        self._refuse_items(event)
                else:
                    document.root, document.root_position = value, position
            if opened is not None:
                around.append((here, secret))
                here, secret = opened, below_secret
            elif here is None:
                return

    def _key(self, here: LocatedMapping, value: object, event: Any) -> str | AmbiguousScalar:
        """The key, or an AmbiguousScalar if the value that follows is not kept."""
        if type(value) is str:
            if value == _MERGE and event.implicit[0]:
                hint = "put shared settings below `defaults`"
                self._add_diagnostic(Code.ALIAS, "merge keys (`<<`) are not accepted", event, hint)
                return AmbiguousScalar(REPORTED.kind, _MERGE)
            if value not in here.positions:
                return value
            first = Location(self._source, here.positions[value][0])
            message = f"`{shorten(value)}` is set twice"
            hint = "remove one of the two, or rename it"
            self._add_diagnostic(Code.DUPLICATE_KEY, message, event, hint, ((first, "first set here"),))
            return AmbiguousScalar(REPORTED.kind, value)
        if isinstance(value, (LocatedMapping, LocatedList)):
            hint = "write a plain name before the colon; put text with brackets or braces in quotes"
            self._add_diagnostic(Code.WRONG_TYPE, "a key must be text, not a mapping or a list", event, hint)
            raise _Stop
        if value is EMPTY:
            self._add_diagnostic(Code.WRONG_TYPE, "no key before the colon", event, "write a name before the colon")
        elif value is not REPORTED:
            text = shorten(event.value)
            message = f"without quotes, the key `{text}` is not text"
            self._add_diagnostic(Code.WRONG_TYPE, message, event, f'put it in quotes: `"{text}":`')
        return REPORTED

    def _secret_key(self, key: str | AmbiguousScalar, depth: int) -> bool:
        """Below `environments` keys are names. There only a spelling of `api_key` counts."""
        name = key.text if isinstance(key, AmbiguousScalar) else str(key)
        if depth == 2 and "apikey" not in name.lower().replace("_", "").replace("-", ""):
            return False
        return may_hold_secret(name)

    def _refuse_items(self, event: Any) -> NoReturn:
        hint = "split the manifest, and run each part on its own"
        self._add_diagnostic(Code.TOO_LARGE, f"more than {MAX_ITEMS:,} entries in one mapping or list", event, hint)
        raise _Stop

    def _hide(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        self._source.hide((start.line, start.column), (end.line, end.column))

    def _tagged(self, event: Any) -> object:
        """The value of a scalar with a tag. Tags outside YAML's core are reported."""
        if event.tag in _TEXT_TAGS:
            return event.value
        return plain_value(event.value) if event.tag in _SCALAR_TAGS else self._add_tag(event)

    def _add_tag(self, event: Any) -> object:
        tag = event.tag.replace(_CORE, "!!", 1)
        hint = "remove the tag: a manifest has only text, numbers, `true` and `false`"
        self._add_diagnostic(Code.YAML_SYNTAX, f"the tag `{shorten(tag)}` is not accepted", event, hint)
        return REPORTED

    def _add_alias(self, event: Any) -> None:
        there = self._anchors.get(event.anchor)
        related = ((Location(self._source, there), "anchored here"),) if there else ()
        hint = "repeat the value, or put shared settings below `defaults`"
        self._add_diagnostic(Code.ALIAS, f"aliases (`*{shorten(event.anchor)}`) are not accepted", event, hint, related)

    def _add_diagnostic(
        self, code: Code, message: str, event: Any, hint: str, related: tuple[tuple[Location, str], ...] = ()
    ) -> None:
        at = Location(self._source, _position(event))
        self.problems.append(partial(error, code, message, at, hint=hint, related=related))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop


def _position(event: Any) -> Position:
    start, end = event.start_mark, event.end_mark
    return (start.line, start.column, end.column - start.column if end.line == start.line else TO_END_OF_LINE)
