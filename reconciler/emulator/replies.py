"""Replies that are not sent yet, and what a fault makes of them."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from http.client import responses as phrases
from typing import assert_never

from reconciler.emulator.faults import Fault, Kind

Headers = list[tuple[bytes, bytes]]
_JSON = (b"content-type", b"application/json")
_HTML = (b"content-type", b"text/html")


class ConnectionDropped(Exception):
    """The connection ends here, without a response or in the middle of one. `after`: the request was executed.

    Raised out of the application. The server closes the connection; a caller in the same process maps it to a lost response.
    """

    def __init__(self, *, after: bool) -> None:
        super().__init__("the connection was dropped")
        self.after = after


@dataclass(slots=True)
class Reply:
    """Status, headers without the length, and body."""

    status: int
    headers: Headers
    body: bytes

    def wire(self) -> bytes:
        """The reply as HTTP/1.1 sends it."""
        headers = [*self.headers, (b"content-length", str(len(self.body)).encode())]
        lines = [b"HTTP/1.1 %d %s" % (self.status, phrases.get(self.status, "").encode())]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join([*lines, b"", self.body])


def json_reply(status: int, body: object, retry_after: str | None = None) -> Reply:
    return Reply(status, [_JSON, *_retry_after(retry_after)], json.dumps(body).encode())


def apply_fault(fault: Fault, reply: Reply) -> Reply:
    """The reply that the fault leaves of the right one. Raises ConnectionDropped where there is none."""
    match fault.kind:
        case Kind.DROP_BEFORE | Kind.DROP_AFTER:
            raise ConnectionDropped(after=fault.acts)
        case Kind.STATUS:
            return error_reply(fault, fault.status)
        case Kind.RATE_LIMIT:
            return error_reply(fault, 429)
        case Kind.GARBAGE:
            return _garbage(fault)
        case Kind.REDIRECT:
            return Reply(307, [(b"location", fault.location.encode())], b"")
        case Kind.FIELDS:
            return _with_fields(fault, reply)
        case Kind.GZIP:
            return Reply(reply.status, [*reply.headers, (b"content-encoding", b"gzip")], gzip.compress(reply.body))
        case Kind.DELAY | Kind.TRUNCATE | Kind.DRIP | Kind.SECOND_RESPONSE:
            return reply
        case _:
            assert_never(fault.kind)


def error_reply(fault: Fault, status: int) -> Reply:
    """The response that the fault describes, in HTML where its `body` is a text."""
    if isinstance(fault.body, str):
        return Reply(status, [_HTML, *_retry_after(fault.retry_after)], fault.body.encode())
    named = {"error_type": fault.error_type} if fault.error_type else {}
    body = {"detail": fault.detail, **named} if fault.body is None else fault.body
    return json_reply(status, body, fault.retry_after)


def _garbage(fault: Fault) -> Reply:
    body = "<html><body>Welcome to nginx!</body></html>" if fault.body is None else fault.body
    return Reply(200, [_HTML], body.encode()) if isinstance(body, str) else json_reply(200, body)


def _with_fields(fault: Fault, reply: Reply) -> Reply:
    plain = json.loads(reply.body)
    if reply.status != 200 or not isinstance(plain, dict):
        return reply
    changed = {**plain, **fault.values}
    return json_reply(200, {name: value for name, value in changed.items() if name not in fault.omit})


def _retry_after(value: str | None) -> Headers:
    return [] if value is None else [(b"retry-after", value.encode())]
