"""The API's error responses in its two documented shapes. The switches set names, statuses and the form of the 422 list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.emulator.switches import Switches


class Problem(Exception):
    """The request gets this status and body instead of a result."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def validation_error(
    switches: Switches,
    loc: tuple[str | int, ...],
    message: str,
    kind: str,
    value: object,
    context: Mapping[str, object] | None = None,
) -> Problem:
    """The 422 list `{"detail": [{"loc", "msg", "type"}]}` (OpenAPI, HTTPValidationError).

    FastAPI's own form has `input` (the `value` at fault) and mostly `ctx` besides, header names in lower case, and the
    position of a JSON error in `loc` (FastAPI 0.115).
    """
    if switches.validation_form == "fastapi":
        where = [loc[0], *(str(part).lower() for part in loc[1:])] if loc[0] == "header" else list(loc)
        item: dict[str, Any] = {"type": kind, "loc": where, "msg": message, "input": value}
        item |= {} if context is None else {"ctx": dict(context)}
    else:
        item = {"loc": [part for part in loc if isinstance(part, str)], "msg": message, "type": kind}
    return Problem(422, {"detail": [item]})


def domain_error(switches: Switches, status: int, error_type: str, detail: str) -> Problem:
    """The domain error `{"detail": text, "error_type": name}` (troubleshooting, production issues)."""
    named = {"error_type": error_type} if switches.error_types == "sent" else {}
    return Problem(status, {"detail": detail, **named})


def invalid_token(switches: Switches, detail: str) -> Problem:
    return domain_error(switches, switches.token_status, "InvalidTokenError", detail)


def not_authorized(switches: Switches) -> Problem:
    detail = "This credential does not open that Environment"
    return domain_error(switches, switches.not_authorized_status, "ResourceNotAuthorizedError", detail)


def payment_required(switches: Switches) -> Problem:
    detail = "An active subscription with custom domains is required"
    return domain_error(switches, switches.payment_status, "PaymentRequiredError", detail)


def conflict(switches: Switches, detail: str) -> Problem:
    return domain_error(switches, switches.conflict_status, switches.conflict_name, detail)


def not_found(switches: Switches, what: str) -> Problem:
    return domain_error(switches, 404, "ResourceNotFoundError", f"{what} not found")


def invalid_hostname(switches: Switches, hostname: str, reason: str) -> Problem:
    if switches.bad_hostname == "error":
        return domain_error(switches, 400, "InvalidHostnameError", f"The hostname {reason}")
    message = f"Value error, hostname {reason}"
    return validation_error(switches, ("body", "hostname"), message, "value_error", hostname, {"error": {}})


def no_domain(switches: Switches, answer: str) -> Problem:
    """The response to a call that needs a custom domain where there is none; `answer` is the value of the call's switch."""
    match answer:
        case "null":
            return Problem(200, None)
        case "200":
            return Problem(200, {"status": "deleted"})
        case "bare":
            return Problem(404, {"detail": "Not Found"})
        case _:
            return domain_error(switches, int(answer), "ResourceNotFoundError", "Custom domain not found")
