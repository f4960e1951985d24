"""How the emulator reads requests: a text from a JSON body, numbers from a query, UUIDs. Everything else is a 422."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from reconciler.emulator.problems import Problem, validation_error
from reconciler.emulator.uuids import normalize_uuid, uuid_error

if TYPE_CHECKING:
    from starlette.requests import Request

    from reconciler.emulator.switches import Switches

_INTEGER = re.compile(r"[+-]?[0-9]{1,300}", re.ASCII)
_JSON_TYPE = re.compile(r"application/([^;]+\+)?json\s*(;.*)?", re.IGNORECASE)


async def read_text(request: Request, name: str, switches: Switches, *, empty: bool = True) -> str:
    """The property `name` of the body, the only one that the document declares. Raises Problem: 400, 422."""
    body = await _read_json(request, switches)
    loc = ("body", name)
    if not isinstance(body, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise validation_error(switches, ("body",), message, "model_attributes_type", body)
    if name not in body:
        raise validation_error(switches, loc, "Field required", "missing", body)
    text = body[name]
    if not isinstance(text, str):
        raise validation_error(switches, loc, "Input should be a valid string", "string_type", text)
    if not text and not empty:
        message, context = "String should have at least 1 character", {"min_length": 1}
        raise validation_error(switches, loc, message, "string_too_short", text, context)
    if len(body) > 1 and switches.extra_properties == "refuse":
        extra = next(item for item in body if item != name)
        message = "Extra inputs are not permitted"
        raise validation_error(switches, ("body", extra), message, "extra_forbidden", body[extra])
    return text


def read_number(request: Request, switches: Switches, name: str, default: int, maximum: int | None) -> int:
    """A number of the query, from 1 to `maximum`. Raises Problem: 422."""
    text = request.query_params.get(name)
    if text is None:
        return default
    loc = ("query", name)
    if not _INTEGER.fullmatch(text):
        message = "Input should be a valid integer, unable to parse string as an integer"
        raise validation_error(switches, loc, message, "int_parsing", text)
    number = int(text)
    if number < 1:
        message = "Input should be greater than or equal to 1"
        raise validation_error(switches, loc, message, "greater_than_equal", text, {"ge": 1})
    if maximum is not None and number > maximum:
        message = f"Input should be less than or equal to {maximum}"
        raise validation_error(switches, loc, message, "less_than_equal", text, {"le": maximum})
    return number


def read_uuid(text: str, switches: Switches, loc: tuple[str, str]) -> str:
    """A UUID in lower case with hyphens. Raises Problem: 422."""
    found = normalize_uuid(text, plain=switches.validation_form == "fastapi")
    if found is None:
        reason = uuid_error(text)
        message = f"Input should be a valid UUID, {reason}"
        raise validation_error(switches, loc, message, "uuid_parsing", text, {"error": reason})
    return found


async def _read_json(request: Request, switches: Switches) -> Any:
    content = await request.body()
    try:
        if switches.validation_form == "fastapi":
            return _read_as_fastapi(content, request.headers.get("content-type"), switches)
        return json.loads(content)
    except json.JSONDecodeError as error:
        context = {"error": error.msg}
        raise validation_error(
            switches, ("body", error.pos), "JSON decode error", "json_invalid", {}, context
        ) from None
    except (ValueError, RecursionError):
        if switches.validation_form == "fastapi":
            raise Problem(400, {"detail": "There was an error parsing the body"}) from None
        raise validation_error(switches, ("body",), "JSON decode error", "json_invalid", {}) from None


def _read_as_fastapi(content: bytes, content_type: str | None, switches: Switches) -> Any:
    """The body as FastAPI 0.115 reads it: empty and null are missing, and what is not declared as JSON stays a text."""
    if content and content_type is not None and not _JSON_TYPE.fullmatch(content_type):
        return content.decode("utf-8", "replace")
    body = json.loads(content) if content else None
    if body is None:
        raise validation_error(switches, ("body",), "Field required", "missing", None)
    return body
