"""Masking the secrets of an octoDNS configuration in text that providers write."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator

MASK = "…"

# Providers name their secrets in many ways (`token`, `pat`, `secret_access_key`, `sharedsecret`), so every literal text is
# a secret, except under names that say where or how something is reached.
_HARMLESS = re.compile(
    r"(^|_)(class|directory|dir|path|host|hostname|servers?|port|url|uri|endpoint|region|location|ttl|timeout|algorithm"
    r"|extension|mode|type|format|zones?|version)$"
)
_SECRET = re.compile(r"token|secret|pass|key|credential|auth|pin", re.IGNORECASE)
_USER_INFO = re.compile(r"//([^/@]+)@")


class SecretMask:
    """Collects secrets of any length and replaces them in text. Empty values are no secrets."""

    def __init__(self) -> None:
        self._forms: set[str] = set()

    def add(self, value: object) -> None:
        """Mask this value, and every text inside a list or mapping, from now on."""
        for text in _texts(value):
            self._forms |= {form for form in _written_forms(text) if form}

    def add_setting(self, name: str, value: object) -> None:
        """Mask the literal value of a setting of the configuration, unless its name is harmless."""
        if _HARMLESS.search(name):
            for text in _texts(value):
                for user_info in _USER_INFO.findall(text):
                    self.add(user_info)
                    self.add(user_info.partition(":")[2])
        elif isinstance(value, str | list | dict) or _SECRET.search(name):
            self.add(value)

    def __call__(self, text: str) -> str:
        """The text with every secret replaced, the longest first."""
        if not self._forms:
            return text
        longest_first = sorted(self._forms, key=lambda form: (-len(form), form))
        return re.sub("|".join(map(re.escape, longest_first)), MASK, text)


def _texts(value: object) -> Iterator[str]:
    match value:
        case bool() | None:
            return
        case dict():
            for item in value.values():
                yield from _texts(item)
        case list() | tuple():
            for item in value:
                yield from _texts(item)
        case _:
            yield str(value)


def _written_forms(text: str) -> set[str]:
    """The text as clients write it in errors: as it is, escaped, in a URL, in a header."""
    encoded = text.encode(errors="surrogateescape")
    return {
        text,
        text.strip(),
        repr(text)[1:-1],
        json.dumps(text)[1:-1],
        quote(encoded, safe=""),
        quote(encoded),
        quote_plus(encoded),
        base64.b64encode(encoded).decode(),
        *text.splitlines(),
    }
