"""Reads request bodies of the emulator's own API. What is wrong gets 400 with the reason."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.emulator.problems import Problem

if TYPE_CHECKING:
    from starlette.requests import Request

_MAX_SCRIPT = 1000


def bad_request(detail: str) -> Problem:
    """400 with this reason."""
    return Problem(400, {"detail": detail})


async def read_json(request: Request) -> Any:
    """The body as plain data. Raises Problem: 400."""
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        raise bad_request("The body is not JSON") from None


async def read_object(request: Request, known: dict[str, Any]) -> dict[str, Any]:
    """An object with any of the known properties, each of its type. Raises Problem: 400."""
    plain = await read_json(request)
    if not isinstance(plain, dict) or not set(plain) <= set(known):
        raise bad_request(f"Send an object with any of: {', '.join(known)}")
    for name, value in plain.items():
        if not isinstance(value, known[name]):
            raise bad_request(f"`{name}` is of the wrong type")
    return plain


def parse_script(plain: list[Any] | None) -> tuple[tuple[str, str], ...] | None:
    """Pairs of statuses from plain data. Raises Problem: 400."""
    if plain is None:
        return None
    pairs = all(
        isinstance(item, list) and len(item) == 2 and all(isinstance(word, str) for word in item) for item in plain
    )
    if not pairs or len(plain) > _MAX_SCRIPT:
        raise bad_request("`script` is a list of [status, certificate_status]")
    return tuple((status, certificate) for status, certificate in plain)
