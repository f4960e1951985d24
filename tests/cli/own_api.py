"""A small Imgwire API of its own over real HTTP: what the emulator does not do, such as answers that lag, lack fields or
never come."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOMAIN = "/api/v1/custom_domain/"
Record = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One answer. `seconds`: it comes that late; the request takes effect all the same if `acts`."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    acts: bool = False
    seconds: float = 0.0


class OwnApi(ThreadingHTTPServer):
    """`records` are the custom domains by key. `intercept(method, key, number)` may give a Reply in place of the proper one;
    `number` counts the requests of this method, from 1. `fields` override those of every record in answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.records: dict[str, Record | None] = {}
        self.fields: Record = {}
        self.intercept: Callable[[str, str, int], Reply | None] = lambda _method, _key, _number: None
        self.requests: list[tuple[str, str]] = []  # method (TEST for a check) and key
        self.closing = threading.Event()
        self._lock = threading.Lock()

    def put(self, key: str, hostname: str) -> Record:
        """The Environment of this key gets a custom domain that is ready."""
        environment_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, key))
        record: Record = {
            "id": str(uuid.uuid4()),
            "environment_id": environment_id,
            "hostname": hostname,
            "cname_record": hostname,
            "cname_value": "cdn-proxy.imgwire.dev",
            "dcv_cname_record": f"_acme-challenge.{hostname}",
            "dcv_cname_value": "x.dcv.imgwire.dev",
            "certificate_status": "ACTIVE",
            "status": "CONNECTED",
            "last_verified_at": "2026-01-01T00:00:00Z",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }
        self.records[key] = record
        return record

    def hostnames(self) -> dict[str, str | None]:
        return {key: record and record["hostname"] for key, record in self.records.items()}

    def sent(self, method: str) -> list[str]:
        """The keys of the requests of this method, in order."""
        return [key for word, key in self.requests if word == method]

    def reply(self, method: str, key: str, body: Record) -> Reply:
        with self._lock:
            self.requests.append((method, key))
            number = len(self.sent(method))
            reply = self.intercept(method, key, number)
            if reply is None or reply.acts:
                proper = self._act(method, key, body)
                reply = reply or proper
        if reply.seconds:
            self.closing.wait(reply.seconds)
        return reply

    def _act(self, method: str, key: str, body: Record) -> Reply:
        record = self.records.get(key)
        if method == "POST":
            taken = any(other and other["hostname"] == body["hostname"] for other in self.records.values())
            if record is not None or taken:
                return Reply(409, {"detail": "hostname is claimed", "error_type": "ResourceConflictError"})
            record = self.put(key, body["hostname"])
        elif record is None:
            return Reply(404, {"detail": "no custom domain", "error_type": "ResourceNotFoundError"})
        if method == "DELETE":
            self.records[key] = None
            return Reply(200, {"status": "ok"})
        return Reply(200, {**record, **self.fields})


class _Request(BaseHTTPRequestHandler):
    server: OwnApi
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        method = "TEST" if self.path != DOMAIN else self.command
        key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        reply = self.server.reply(method, key, json.loads(content) if content else {})
        body = json.dumps(reply.body).encode()
        with contextlib.suppress(ConnectionError):  # the client may have given up
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""


@contextmanager
def own_api() -> Iterator[OwnApi]:
    """The API on a free loopback port."""
    with OwnApi() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join(10)
