"""What the API refuses, in its two documented error shapes, worded and numbered as the switches say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.emulator.switches import Switches


class Problem(Exception):
    """A request is answered with this status and body instead."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def validation_error(loc: tuple[str | int, ...], message: str, kind: str) -> Problem:
    """The 422 list `{"detail": [{"loc", "msg", "type"}]}` (OpenAPI, HTTPValidationError)."""
    rows: list[dict[str, Any]] = [{"loc": list(loc), "msg": message, "type": kind}]
    return Problem(422, {"detail": rows})


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


def invalid_hostname(switches: Switches, reason: str) -> Problem:
    if switches.bad_hostname == "error":
        return domain_error(switches, 400, "InvalidHostnameError", f"The hostname {reason}")
    return validation_error(("body", "hostname"), f"Value error, hostname {reason}", "value_error")


def no_domain(switches: Switches, answer: str) -> Problem:
    """What a call that needs a custom domain answers where there is none; `answer` is the value of the call's switch."""
    match answer:
        case "null":
            return Problem(200, None)
        case "200":
            return Problem(200, {"status": "deleted"})
        case "bare":
            return Problem(404, {"detail": "Not Found"})
        case _:
            return domain_error(switches, int(answer), "ResourceNotFoundError", "Custom domain not found")
