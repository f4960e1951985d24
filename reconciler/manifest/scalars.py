"""The value of a plain YAML scalar. YAML 1.1 and 1.2 read some texts differently: those are never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AmbiguousScalar:
    """A value that no key of a manifest accepts: YAML versions read it differently, or it is empty.

    `kind` is what a message calls it, with `{text}` where it shows the text.
    """

    kind: str
    text: str = ""


EMPTY = AmbiguousScalar("empty")
REPORTED = AmbiguousScalar("reported")
"""In place of a value whose problem is reported already."""

_WORDS: dict[str, object] = {
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{
        form: AmbiguousScalar("`{text}`", form)  # a boolean of YAML 1.1
        for word in ("yes", "no", "on", "off")
        for form in (word, word.title(), word.upper())
    },
}
_WORDS_FIRST = frozenset(word[0] for word in _WORDS)

_NUMBERS_FIRST = frozenset("+-.0123456789")
# YAML 1.1 (types int, float, timestamp) and YAML 1.2 (core schema) together; only plain decimal integers mean the same in both.
_NUMBERS = re.compile(
    r"(?P<integer>-?(?:0|[1-9][0-9]{0,17}))"
    r"|(?P<date>[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?)"
    r"|(?P<sixty>[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?)"
    r"|(?P<number>[-+]?(?:0b[01_]+|0o[0-7]+|0x[0-9a-fA-F_]+|[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9_]+(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF|nan|NaN|NAN)))",
    re.DOTALL,
)
_KINDS = {"date": "a date", "sixty": "`{text}` without quotes", "number": "a number"}


def plain_value(text: str) -> object:
    """The value of a scalar written without quotes: text, integer, boolean, None or AmbiguousScalar."""
    if not text:
        return EMPTY
    first = text[0]
    if first in _WORDS_FIRST:
        return _WORDS.get(text, text)
    if first in _NUMBERS_FIRST and (match := _NUMBERS.fullmatch(text)):
        kind = match.lastgroup or ""
        return int(text) if kind == "integer" else AmbiguousScalar(_KINDS[kind], text)
    return text
