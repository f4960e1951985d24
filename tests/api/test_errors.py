"""From any answer to what is then known."""

from __future__ import annotations

import json

import pytest

from reconciler.api.calls import Call
from reconciler.api.errors import from_answer
from reconciler.api.exchange import Answer
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

CALL = Call("POST", "/x")
URL = "https://api.example/x"
HTML = b"<html>nginx</html>"
NOW = 1_790_000_000.0


def answer(status: int, body: object = None, **headers: str) -> BackendError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return from_answer(CALL, URL, Answer(status, named, content), NOW)


def said(error_type: str | None, detail: object = "words") -> dict[str, object]:
    return {"detail": detail, "error_type": error_type}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(401, said("InvalidTokenError"), Unauthorized, id="the type says it"),
        pytest.param(400, said("InvalidTokenError"), Unauthorized, id="the type wins over the status"),
        pytest.param(404, said("ResourceNotAuthorizedError"), Unauthorized, id="hidden is not absent"),
        pytest.param(403, said("OperationNotAllowedError"), Unauthorized, id="not allowed"),
        pytest.param(400, said("PaymentRequiredError"), PaymentRequired, id="payment, by type"),
        pytest.param(404, said("ResourceNotFoundError"), NotFound, id="not found"),
        pytest.param(410, said("ResourceNotFoundError"), NotFound, id="not found, with another status"),
        pytest.param(409, said("HostnameConflictError"), Conflict, id="conflict"),
        pytest.param(400, said("DomainAlreadyExistsError"), Conflict, id="conflict, by type"),
        pytest.param(401, said(None), Unauthorized, id="401 alone"),
        pytest.param(403, HTML, Unauthorized, id="403 of anybody"),
        pytest.param(402, said(None), PaymentRequired, id="402 alone"),
        pytest.param(409, said(None), Conflict, id="409 alone"),
        pytest.param(422, {"detail": [{"loc": ["body", "hostname"], "msg": "bad"}]}, Refused, id="a list of problems"),
        pytest.param(418, said("TeapotError"), Refused, id="any other word of the API"),
        pytest.param(400, {"error_type": "SomethingError"}, Refused, id="a type without words"),
        pytest.param(400, HTML, Unexpected, id="400 of somebody else"),
        pytest.param(404, {"detail": "Not Found"}, Unexpected, id="a bare 404"),
        pytest.param(405, {"detail": "Method Not Allowed"}, Unexpected, id="a bare 405"),
        pytest.param(404, HTML, Unexpected, id="somebody else's 404"),
        pytest.param(408, said(None), NoAnswer, id="408 does not tell whether it was done"),
        pytest.param(429, HTML, Throttled, id="429 of anybody"),
        pytest.param(429, said("ResourceNotFoundError"), Throttled, id="429, whatever it says"),
        pytest.param(500, said("ResourceNotFoundError"), ServerFault, id="500, whatever it says"),
        pytest.param(503, HTML, ServerFault, id="503"),
        pytest.param(599, b"", ServerFault, id="599"),
        pytest.param(201, {"id": "x"}, Unexpected, id="a success that is not 200"),
        pytest.param(302, b"", Unexpected, id="a redirect"),
        pytest.param(399, b"", Unexpected, id="anything like a redirect"),
    ],
)
def test_each_answer_becomes_the_error_that_names_what_is_known(
    status: int, body: object, kind: type[BackendError]
) -> None:
    assert type(answer(status, body)) is kind


@pytest.mark.parametrize(
    ("error", "message"),
    [
        pytest.param(
            answer(409, said("ResourceConflictError", "hostname is claimed")),
            "POST /x: 409 hostname is claimed (ResourceConflictError)",
            id="the API's words",
        ),
        pytest.param(
            answer(
                422, {"detail": [{"loc": ["body", "hostname"], "msg": "bad"}, {"msg": "worse"}, {"loc": 3}, "text"]}
            ),
            "POST /x: 422 body.hostname: bad; worse; invalid",
            id="a list of problems",
        ),
        pytest.param(
            answer(422, {"detail": []}),
            "POST https://api.example/x: 422 with a body that is not from the API (no content type)",
        ),
        pytest.param(
            answer(404, HTML, content_type="text/html; charset=utf-8"),
            "POST https://api.example/x: 404 with a body that is not from the API (text/html)",
            id="somebody else's page",
        ),
        pytest.param(
            answer(503, HTML, content_type="text/html"), "POST /x: 503 without a reason (text/html)", id="a bare 503"
        ),
        pytest.param(
            answer(302, location="https://else.where/path?token=1"),
            "POST https://api.example/x: 302, a redirect to https://else.where/path, which is not followed",
            id="a redirect",
        ),
        pytest.param(
            answer(302),
            "POST https://api.example/x: 302, a redirect to no address, which is not followed",
            id="to nowhere",
        ),
        pytest.param(answer(400, said("E", "two\n lines")), "POST /x: 400 two lines (E)", id="lines become one"),
        pytest.param(answer(400, said("E", "x" * 301)), f"POST /x: 400 {'x' * 299}… (E)", id="long words are cut"),
        pytest.param(answer(400, said("E", "x" * 300)), f"POST /x: 400 {'x' * 300} (E)", id="long enough"),
        pytest.param(
            answer(422, {"detail": [{"msg": str(number)} for number in range(9)]}),
            "POST /x: 422 0; 1; 2; 3; 4",
            id="five problems are enough",
        ),
        pytest.param(
            answer(500, b"[" * 100_000), "POST /x: 500 without a reason (no content type)", id="a nesting bomb"
        ),
        pytest.param(answer(500, b"1" * 5000), "POST /x: 500 without a reason (no content type)", id="a huge number"),
        pytest.param(answer(500, {"detail": {}, "error_type": 5}), "POST /x: 500 without a reason (no content type)"),
    ],
)
def test_the_message_is_one_line_of_the_apis_own_text(error: BackendError, message: str) -> None:
    assert error.message == str(error) == message


def test_status_and_type_are_kept() -> None:
    error = answer(409, said("ResourceConflictError"))
    assert (error.status, error.error_type) == (409, "ResourceConflictError")
    assert answer(302).status == 302


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("99999999999999", 999_999_999.0),
        ("Mon, 21 Sep 2026 14:13:30 GMT", 10.0),
        ("Mon, 21 Sep 2026 14:13:10 GMT", 0.0),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert answer(429, retry_after=value).retry_after == seconds


def test_without_retry_after_there_is_none() -> None:
    assert answer(429).retry_after is None


@pytest.mark.parametrize("date", ["Mon, 21 Sep 2026 14:11:00 GMT", "Mon, 21 Sep 2026 15:00:00 GMT"])
def test_a_date_counts_from_the_date_of_the_answer(date: str) -> None:
    """The clock of this machine may be minutes behind, and the hostname would be offline for as long."""
    until = date.replace(":00 GMT", ":02 GMT")
    assert answer(429, retry_after=until, date=date).retry_after == 2.0
    assert answer(429, retry_after="Mon, 21 Sep 2026 14:13:30 GMT", date="soon").retry_after == 10.0
