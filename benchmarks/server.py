"""A custom domain API that is fast enough not to be the measure: `python -m benchmarks.server --count N --delay SECONDS`.

One asyncio process, HTTP/1.1 with keep-alive, standard library only. The key of environment `i` is `sk_i`. Besides the four
calls it has `GET /stats` and `POST /reset`, which are neither delayed nor counted. Prints its URL.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import uuid

PATH = b"/api/v1/custom_domain/"
_KEY = re.compile(rb"\r\nauthorization:\s*bearer sk_(\d+)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
_NAMESPACE = uuid.UUID("6b024480-a5ac-426d-b539-2e4fccc4c6ac")


def _response(status: str, body: object) -> bytes:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    return head.encode() + content


_ABSENT = _response("404 Not Found", {"detail": "Not found", "error_type": "ResourceNotFoundError"})
_UNAUTHORIZED = _response("401 Unauthorized", {"detail": "Invalid API key", "error_type": "InvalidTokenError"})
_UNKNOWN = _response("404 Not Found", {"detail": "Not Found"})
_DELETED = _response("200 OK", {"status": "deleted"})


def hostname(index: int) -> str:
    """The hostname of environment `index`, live and desired."""
    return f"images-{index}.example.com"


def environment_id(index: int) -> str:
    """The id of environment `index`."""
    return str(uuid.uuid5(_NAMESPACE, str(index)))


class Domains:
    """The custom domains by environment, as encoded responses."""

    def __init__(self, count: int, *, live: bool) -> None:
        self.count = count
        self._live = live
        self.reset()

    def reset(self) -> None:
        """Start again: every environment has its ready domain, or none."""
        self._hostnames = {index: hostname(index) for index in range(self.count)} if self._live else {}
        self._responses: dict[int, bytes] = {}
        self._ready = set(self._hostnames)

    def respond(self, method: bytes, path: bytes, index: int, body: bytes) -> bytes:
        """The response to one of the four calls."""
        if path == PATH and method == b"GET":
            return self._show(index)
        if path == PATH and method == b"POST":
            self._hostnames[index] = json.loads(body)["hostname"]
            return self._show(index)
        if path == PATH and method == b"DELETE":
            self._responses.pop(index, None)
            self._ready.discard(index)
            return _ABSENT if self._hostnames.pop(index, None) is None else _DELETED
        if path == PATH + b"test_connection" and method == b"POST":
            self._ready.add(index)
            self._responses.pop(index, None)
            return self._show(index)
        return _UNKNOWN

    def _show(self, index: int) -> bytes:
        name = self._hostnames.get(index)
        if name is None:
            return _ABSENT
        if index not in self._responses:
            ready = index in self._ready
            domain = {
                "id": str(uuid.uuid5(_NAMESPACE, f"{index} {name}")),
                "environment_id": environment_id(index),
                "hostname": name,
                "cname_record": name,
                "cname_value": "cdn-proxy.imgwire.dev",
                "dcv_cname_record": f"_acme-challenge.{name}",
                "dcv_cname_value": f"{index:x}.dcv.imgwire.dev",
                "certificate_status": "ACTIVE" if ready else "PENDING",
                "status": "CONNECTED" if ready else "PENDING",
                "last_verified_at": "2026-05-01T12:05:00Z" if ready else None,
                "created_at": "2026-05-01T12:00:00Z",
                "updated_at": "2026-05-01T12:00:00Z",
            }
            self._responses[index] = _response("200 OK", domain)
        return self._responses[index]


class Stats:
    """Counts since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.requests = self.connections = 0

    def show(self) -> dict[str, int]:
        return {"requests": self.requests, "connections": self.connections}


class Connection(asyncio.Protocol):
    """One connection; `delay` in seconds applies to every response."""

    def __init__(self, domains: Domains, stats: Stats, delay: float) -> None:
        self._domains = domains
        self._stats = stats
        self._delay = delay
        self._buffer = b""
        self._new = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head, start = self._buffer[: end + 2], end + 4
            length = _LENGTH.search(head)
            stop = start + (int(length[1]) if length else 0)
            if len(self._buffer) < stop:
                return
            body, self._buffer = self._buffer[start:stop], self._buffer[stop:]
            self._request(head, body)

    def _request(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path == b"/stats":
            self._transport.write(_response("200 OK", self._stats.show()))
            return
        if path == b"/reset":
            self._domains.reset()
            self._stats.reset()
            self._transport.write(_response("200 OK", {}))
            return
        self._stats.requests += 1
        self._stats.connections += self._new
        self._new = False
        key = _KEY.search(head)
        known = key is not None and int(key[1]) < self._domains.count
        response = self._domains.respond(method, path, int(key[1]), body) if key and known else _UNAUTHORIZED
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, response)
        else:
            self._transport.write(response)


async def serve(count: int, delay: float, *, live: bool) -> None:
    """Serve until killed."""
    domains, stats = Domains(count, live=live), Stats()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(domains, stats, delay), "127.0.0.1", 0, backlog=1024)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A fast custom domain API for benchmarks")
    parser.add_argument("--count", type=int, required=True, help="environments")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before every response")
    parser.add_argument("--absent", action="store_true", help="start without custom domains")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.count, arguments.delay, live=not arguments.absent))
