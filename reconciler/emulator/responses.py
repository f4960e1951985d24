"""How the emulator's endpoints answer and what they take from a request: JSON bodies, numbers of a query, pages."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from reconciler.emulator.problems import Problem, validation_error

if TYPE_CHECKING:
    from reconciler.emulator.switches import Switches

BANNER = "imgwire-reconciler emulator: this is not Imgwire"

_INTEGER = re.compile(r"[+-]?[0-9]{1,300}", re.ASCII)

Endpoint = Callable[[Request], Awaitable[object]]


class Resource:
    """One path and its methods, by name. What an endpoint returns is sent as JSON with status 200."""

    def __init__(self, **methods: Endpoint) -> None:
        self._methods = methods

    async def respond(self, request: Request) -> Response:
        endpoint = self._methods.get(request.method)
        if endpoint is None:
            return json_response(405, {"detail": "Method Not Allowed"}, {"Allow": ", ".join(self._methods)})
        try:
            result = await endpoint(request)
        except Problem as problem:
            return json_response(problem.status, problem.body)
        return result if isinstance(result, Response) else json_response(200, result)


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. Escapes what is not ASCII, so that any text can be sent."""
    return Response(json.dumps(body), status, headers, "application/json")


async def read_text(request: Request, name: str, switches: Switches, *, empty: bool = True) -> str:
    """The one property of a body. Raises Problem: 422."""
    try:
        body = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise validation_error(("body",), "JSON decode error", "json_invalid") from None
    if not isinstance(body, dict):
        raise validation_error(("body",), "Input should be a valid dictionary", "model_attributes_type")
    if name not in body:
        raise validation_error(("body", name), "Field required", "missing")
    text = body[name]
    if not isinstance(text, str):
        raise validation_error(("body", name), "Input should be a valid string", "string_type")
    if not text and not empty:
        raise validation_error(("body", name), "String should have at least 1 character", "string_too_short")
    if len(body) > 1 and switches.extra_properties == "refuse":
        extra = next(item for item in body if item != name)
        raise validation_error(("body", extra), "Extra inputs are not permitted", "extra_forbidden")
    return text


def query_number(request: Request, name: str, default: int, most: int | None) -> int:
    """A number of the query, from 1 to `most`. Raises Problem: 422."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text):
        raise validation_error(("query", name), "Input should be a valid integer", "int_parsing")
    number = int(text)
    if number < 1:
        raise validation_error(("query", name), "Input should be greater than or equal to 1", "greater_than_equal")
    if most is not None and number > most:
        raise validation_error(("query", name), f"Input should be less than or equal to {most}", "less_than_equal")
    return number


def page_headers(total: int, page: int, limit: int) -> dict[str, str]:
    """The pagination headers; a neighbour that does not exist is `null` (OpenAPI, list environments)."""
    return {
        "X-Total-Count": str(total),
        "X-Page": str(page),
        "X-Limit": str(limit),
        "X-Prev-Page": str(page - 1) if page > 1 else "null",
        "X-Next-Page": str(page + 1) if page * limit < total else "null",
    }
