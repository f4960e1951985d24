"""How the emulator's endpoints respond: methods by path, JSON bodies, pagination headers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response

from reconciler.emulator.problems import Problem

BANNER = "imgwire-reconciler emulator: this is not Imgwire"

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
    """A JSON response. What is not ASCII is escaped, so any text can be sent. Header names keep their case."""
    response = Response(json.dumps(body), status, media_type="application/json")
    # Starlette writes header names in lower case; the official Python SDK looks for them as the document declares them.
    response.raw_headers += [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return response


def page_headers(total: int, page: int, limit: int) -> dict[str, str]:
    """The pagination headers; a page that does not exist is `null` (OpenAPI, list environments)."""
    return {
        "X-Total-Count": str(total),
        "X-Page": str(page),
        "X-Limit": str(limit),
        "X-Prev-Page": str(page - 1) if page > 1 else "null",
        "X-Next-Page": str(page + 1) if page * limit < total else "null",
    }
