"""Keeps API keys out of every text that is written: to a terminal, a log, a file or a document."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.environments import Secret

MASK = "[key]"

_MIN_LENGTH = 8  # characters; a shorter key of another form could be any word
_ORDINARY = re.compile(r"[sc]k_[A-Za-z0-9_-]+")
# A key as it is written, with the escapes of Markdown and of URLs for its underscores.
_FORM = re.compile(r"[sc]k(?:\\?_|%5[Ff])(?:(?:\\?[\w.~+/=-]|%[0-9A-Fa-f]{2})*[A-Za-z0-9_=-])")
_HINTS = ("sk_", "ck_", "sk\\_", "ck\\_", "sk%5", "ck%5")  # without one of these, no match
# `sk_` or `ck_` in Base64, at each place that it can have in a group of three octets.
_BASE64_HINTS = ("c2tf", "Y2tf", "NrX", "za1", "ja1")
_BASE64 = re.compile(r"[\w+/-]{8,}+={0,2}", re.ASCII)
# The same in hexadecimal, with eight more visible characters. It does not begin within a digest.
_HEXADECIMAL = re.compile(r"(?<![0-9A-Fa-f])[67]36[Bb]5[Ff](?:[2-7][0-9A-Fa-f]){8,}")
_KEY_OCTETS = re.compile(rb"(?<![\w.-])[sc]k_[\w-]{4,}")
# What may stand before a key: anything but a letter of the same word. JSON and URLs write a separator as an escape.
_BEGINS_WORD = re.compile(r".*(?:(?<![\w.-])|\\[nrtbf]|\\u[0-9a-f]{4}|%[0-9A-Fa-f]{2})\Z", re.DOTALL)


class _Keys:
    """The keys of this process. Those of Imgwire's own form need no list to be masked where a word begins with them."""

    def __init__(self) -> None:
        self._ordinary: set[str] = set()
        self._others: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, secrets: Iterable[Secret]) -> None:
        count = len(self._others)
        for secret in secrets:
            key = secret.reveal()
            if _ORDINARY.fullmatch(key):
                self._ordinary.add(key)
            elif len(key) >= _MIN_LENGTH:
                self._others |= spellings(key)
        if len(self._others) > count:
            ordered = sorted(self._others, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered)))

    def mask(self, text: str) -> str:
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        if any(hint in text for hint in _HINTS):
            text = _FORM.sub(self._masked, text)
        if any(hint in text for hint in _BASE64_HINTS):
            text = _BASE64.sub(_masked_base64, text)
        if "36b5f" in text or "36B5F" in text:
            text = _HEXADECIMAL.sub(MASK, text)
        return text

    def _masked(self, match: re.Match[str]) -> str:
        if _BEGINS_WORD.match(match.string[max(0, match.start() - 6) : match.start()]):
            return MASK
        written = match[0].replace("\\", "").replace("%5F", "_").replace("%5f", "_")
        known = next((key for end in range(len(written), 3, -1) if (key := written[:end]) in self._ordinary), None)
        return match[0] if known is None else MASK


def _masked_base64(match: re.Match[str]) -> str:
    """`[key]` if the letters, read from one of the first four on, contain a key."""
    if not any(hint in match[0] for hint in _BASE64_HINTS):
        return match[0]
    letters = match[0].rstrip("=").replace("-", "+").replace("_", "/")
    for first in range(4):
        rest = letters[first:]
        if _KEY_OCTETS.search(base64.b64decode(rest[: len(rest) - len(rest) % 4])):
            return MASK
    return match[0]


_keys = _Keys()


def register_keys(secrets: Iterable[Secret]) -> None:
    """Have `mask_keys` replace these keys, whatever their form and wherever they appear."""
    _keys.register(secrets)


def mask_keys(text: str) -> str:
    """The text with `[key]` for each registered key and for everything that has the form of an Imgwire key (`sk_…`, `ck_…`).

    Escapes of JSON, URLs, HTML and Markdown, and Base64, hide no key.
    """
    return _keys.mask(text)


def mask_key(text: str, key: str) -> str:
    """The text without this key, even where each of its characters may be written as %XX, and without others."""
    if "%" in text:
        letters = "".join(f"(?:{re.escape(letter)}|%(?i:{ord(letter):02x}))" for letter in key)
        text = re.sub(letters, MASK, text)
    return mask_keys(text.replace(key, MASK))


def spellings(key: str) -> set[str]:
    """The key as text formats write it, also within a longer text in Base64, as in the header of Basic authentication."""
    octets = key.encode("utf-8", "surrogatepass")
    percent = "".join(f"%{octet:02X}" for octet in octets)
    return {
        key,
        json.dumps(key)[1:-1],
        repr(key)[1:-1],
        repr(octets)[2:-1],
        quote(octets, safe=""),
        percent,
        percent.lower(),
        escape(key),
        re.sub(r"[\\`*_{}\[\]()#+!|~>]", r"\\\g<0>", key).replace("&", "&amp;").replace("<", "&lt;"),
        octets.hex(),
        octets.hex().upper(),
        *(spelling for before in range(3) for spelling in _base64(octets, before)),
    }


def _base64(octets: bytes, before: int) -> tuple[str, str]:
    """The letters that the octets alone decide, where so many others are before them in their group of three."""
    padded = bytes(before) + octets
    first, last = -(-before * 8 // 6), len(padded) * 8 // 6
    ordinary, for_urls = base64.b64encode(padded), base64.urlsafe_b64encode(padded)
    return ordinary[first:last].decode(), for_urls[first:last].decode()
