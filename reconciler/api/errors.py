"""From an answer that is not a success to the error that names what the caller then knows.

`error_type` decides first and the status second: the public material names error types without their statuses (facts:
guide, production issues; statuses of most names are not documented). Both body shapes are read: `{"detail": text,
"error_type": name}` and FastAPI's list of validation errors.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.api.one_line import one_line
from reconciler.model.errors import (
    BackendError,
    Conflict,
    NoAnswer,
    NotFound,
    PaymentRequired,
    Refused,
    ServerFault,
    Throttled,
    Unauthorized,
    Unexpected,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.api.calls import Call
    from reconciler.api.exchange import Answer

_BY_TYPE: dict[str, type[Refused]] = {
    "InvalidTokenError": Unauthorized,
    "ResourceNotAuthorizedError": Unauthorized,
    "OperationNotAllowedError": Unauthorized,
    "PaymentRequiredError": PaymentRequired,
    "ResourceNotFoundError": NotFound,
}
_BY_STATUS: dict[int, type[Refused]] = {401: Unauthorized, 403: Unauthorized, 402: PaymentRequired, 409: Conflict}
_MAX_NAME = 100  # characters of an error type or a media type


def from_answer(call: Call, url: str, answer: Answer, now: float) -> BackendError:
    """The error for any answer but a 200 of the expected shape.

    `url` is the whole URL of the request, `now` the wall clock in seconds, for `Retry-After` dates.
    """
    status, headers = answer.status, answer.headers
    if 300 <= status < 400:
        target = one_line(headers.get("location", "").split("?")[0]) or "no address"
        hint = f"if {target} is the Imgwire API, set --api-url to it"
        return Unexpected(
            f"{call.method} {url}: {status}, a redirect to {target}, which is not followed", status=status, hint=hint
        )
    content = _parsed(answer.body)
    detail = _detail(content)
    error_type = content.get("error_type") if isinstance(content, dict) else None
    error_type = (one_line(error_type, _MAX_NAME) or None) if isinstance(error_type, str) else None
    kind = _kind(status, error_type, detail)
    text = detail or _without_words(kind, headers)
    # A wrong base URL is the usual reason for an answer that is not from the API, so that is shown.
    sent = f"{call.method} {url}" if kind is Unexpected else str(call)
    return kind(
        f"{sent}: {status} {text}" + (f" ({error_type})" if error_type else ""),
        status=status,
        error_type=error_type,
        retry_after=_retry_after(headers, now),
        hint=call.conflict_hint if kind is Conflict else None,
    )


def _kind(status: int, error_type: str | None, detail: str | None) -> type[BackendError]:
    if status == 429:
        return Throttled
    if status >= 500:
        return ServerFault  # whatever its error type: the engine reads the state after a write
    if status == 408:
        return NoAnswer
    if error_type in _BY_TYPE:
        return _BY_TYPE[error_type]
    if 400 <= status < 500 and error_type and ("Conflict" in error_type or "AlreadyExists" in error_type):
        return Conflict
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    # A 404 or 405 without an error type may come from any web server: the base URL may be wrong.
    if 400 <= status < 500 and status not in {404, 405} and (detail is not None or error_type):
        return Refused
    return Unexpected


def _without_words(kind: type[BackendError], headers: Mapping[str, str]) -> str:
    media_type = one_line(headers.get("content-type", "").split(";")[0], _MAX_NAME) or "no content type"
    return (
        f"with a body that is not from the API ({media_type})"
        if kind is Unexpected
        else f"without a reason ({media_type})"
    )


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _detail(content: Any) -> str | None:
    """The API's own words, from either body shape; None when the body has neither."""
    if not isinstance(content, dict):
        return None
    detail = content.get("detail")
    if isinstance(detail, list):
        parts = [_validation(item) for item in detail[:5] if isinstance(item, dict)]
        return one_line("; ".join(parts)) if parts else None
    return one_line(detail) if isinstance(detail, str) else None


def _validation(item: dict[str, Any]) -> str:
    where = item.get("loc")
    place = ".".join(str(part) for part in where) if isinstance(where, list) else ""
    message = str(item.get("msg", "invalid"))
    return f"{place}: {message}" if place else message


def _retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, from a number or an HTTP date (RFC 9110, 10.2.3); None when there is none that can be read.

    A date counts from the `Date` of the answer: the clock of this machine may be wrong.
    """
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    until, sent = _seconds(value), _seconds(headers.get("date", ""))
    return None if until is None else max(0.0, until - (now if sent is None else sent))


def _seconds(date: str) -> float | None:
    """An HTTP date in seconds since 1970; None where it is none."""
    if not date:
        return None
    import email.utils  # a date is rare, and the module is slow to import

    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
