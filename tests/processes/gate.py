"""A proxy before the emulator that holds one request until the test lets it through: no test needs to guess a time."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60  # seconds; only a test that fails waits so long


class Gate(ThreadingHTTPServer):
    """Forwards every request to `target`, and holds the `nth` of `method` (from 1) until `open`."""

    daemon_threads = True

    def __init__(self, target: str, method: str, nth: int) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.client = httpx.Client(base_url=target, trust_env=False, timeout=_PATIENCE)
        self._method, self._left = method, nth
        self._lock = threading.Lock()
        self._arrived, self._opened = threading.Event(), threading.Event()

    def wait(self) -> None:
        """Return once the request is held."""
        assert self._arrived.wait(_PATIENCE), "the request did not arrive"

    def open(self) -> None:
        self._opened.set()

    def passed(self, method: str) -> None:
        """Called for each request: returns when it may go on."""
        with self._lock:
            self._left -= method == self._method
            held = self._left == 0 and not self._arrived.is_set()
        if held:
            self._arrived.set()
            self._opened.wait(_PATIENCE)


class _Request(BaseHTTPRequestHandler):
    server: Gate
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.passed(self.command)
        kept = {
            name: value for name, value in self.headers.items() if name not in {"Host", "Content-Length", "Connection"}
        }
        answer = self.server.client.request(self.command, self.path, content=body, headers=kept)
        self.send_response(answer.status_code)
        for name in set(answer.headers) & {"content-type", "retry-after", "location"}:
            self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_DELETE = _any  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def gate(target: str, method: str, nth: int) -> Iterator[Gate]:
    with Gate(target, method, nth) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.open()
            server.shutdown()
            thread.join(10)
            server.client.close()
