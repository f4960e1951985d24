"""A web server that is not Imgwire: it keeps what it is sent and answers what it was told to."""

from __future__ import annotations

import contextlib
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

    Answer = tuple[int, dict[str, str], bytes]


class Listener(ThreadingHTTPServer):
    """`heard` holds (method, path, headers) of each request; `answer` makes the answer from a request's headers, `raw` as
    the very bytes that are sent.

    `arrived` is set by the first request; while `stall` is clear, none is answered.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.heard: list[tuple[str, str, Message]] = []
        self.answer: Callable[[Message], Answer] = lambda _: (200, {}, b"null")
        self.raw: Callable[[Message], bytes] | None = None
        self.arrived = threading.Event()
        self.stall = threading.Event()
        self.stall.set()
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Request(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.heard.append((self.command, self.path, self.headers))
        self.server.arrived.set()
        self.server.stall.wait(30)
        if self.server.raw is not None:
            self.wfile.write(self.server.raw(self.headers))
            self.close_connection = True
            return
        status, headers, body = self.server.answer(self.headers)
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # who asked may be gone by now
            self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_CONNECT = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def listening() -> Iterator[Listener]:
    """A listener on a free loopback port."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join(10)
