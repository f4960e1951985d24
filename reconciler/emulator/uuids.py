"""UUIDs as the API reads them."""

from __future__ import annotations

import re
import uuid

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_FOREIGN = re.compile(r"[^0-9a-f-]", re.IGNORECASE | re.ASCII)


def is_uuid(text: str) -> bool:
    """The text is a UUID in its usual form, with hyphens."""
    return _UUID.fullmatch(text) is not None


def normalize_uuid(text: str, *, plain: bool) -> str | None:
    """Lower case with hyphens, or None where the text is no UUID. `plain` accepts 32 digits without hyphens too."""
    if is_uuid(text) or (plain and _PLAIN.fullmatch(text)):
        return str(uuid.UUID(text))
    return None


def uuid_error(text: str) -> str:
    """The reason that Pydantic gives for a text that is no UUID."""
    foreign = _FOREIGN.search(text)
    if foreign is None:
        return f"invalid length: found {len(text)}"
    return f"invalid character: found `{foreign[0]}` at {foreign.start()}"
