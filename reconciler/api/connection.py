"""HTTP/1.1 over one kept connection. An answer belongs to its request, or the connection is given up.

httpcore, which httpx sends with, takes bytes that follow an answer for the answer to the next request, and its public interface
does not show them. h11, its parser, is used directly instead. That also needs about a third of the CPU time for each request.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h11

from reconciler.api import tls
from reconciler.api.exchange import MAX_BODY, Answer
from reconciler.api.stream import Stream
from reconciler.api.tunnel import open_tunnel
from reconciler.model.errors import NoAnswer, NotSent, TooFewFiles, Unexpected

if TYPE_CHECKING:
    import ssl

    from reconciler.api.exchange import Request
    from reconciler.api.proxies import Proxy

_MAX_HEAD = 64 * 1024  # bytes of status line and headers
_MAX_IDLE = 30.0  # seconds; servers close idle connections, and a request must not meet that
_ERRNO = re.compile(r"\[Errno (\d+)\]")
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # alert and handshake (RFC 8446, 5.1)


@dataclass(frozen=True, slots=True)
class Route:
    """Where requests go. `authority` is the Host header; `tls` is None for plain http."""

    host: str
    port: int
    authority: str
    user_agent: str
    tls: ssl.SSLContext | None = None
    proxy: Proxy | None = None

    def __str__(self) -> str:
        through = f" through the proxy {self.proxy}" if self.proxy else ""
        return (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}") + through


class Connection:
    """An Exchanger over the network. Connects at the first request, and again after anything unusual.

    `timeout` is in seconds. Nearly all of it may go to connecting, so that a connection that fails is known as such.
    """

    def __init__(self, route: Route, timeout: float) -> None:
        self._route = route
        self._timeout = timeout
        self._stream: Stream | None = None
        self._http = h11.Connection(h11.CLIENT)
        self._idle_since = 0.0

    async def exchange(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                stream = await self._usable()
                answer = await self._exchange(stream, request)
        except BaseException as failure:
            await self.aclose()
            if isinstance(failure, TimeoutError):
                raise NoAnswer("no answer: timed out") from None
            if isinstance(failure, OSError):
                raise NoAnswer(f"no answer: {_words(failure)}") from None
            raise
        if self._http.our_state is self._http.their_state is h11.DONE and self._http.trailing_data == (b"", False):
            self._http.start_next_cycle()
            self._idle_since = asyncio.get_running_loop().time()
        else:
            await self.aclose()
        return answer

    async def aclose(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()

    async def _usable(self) -> Stream:
        """The kept connection if it is quiet, else a new one. Raises NotSent."""
        if self._stream is not None:
            idle = asyncio.get_running_loop().time() - self._idle_since
            if idle < _MAX_IDLE and await self._stream.quiet():
                return self._stream
            await self.aclose()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
        try:
            async with asyncio.timeout(self._timeout * 0.95):
                await self._connect()
        except TimeoutError:
            raise NotSent(f"could not connect to {self._route}: timed out") from None
        except OSError as failure:
            if failure.errno == errno.EMFILE:
                raise TooFewFiles("could not connect: too many open files") from None
            raise NotSent(f"could not connect to {self._route}: {_words(failure)}") from None
        assert self._stream is not None  # noqa: S101 - it has just been connected
        return self._stream

    async def _connect(self) -> None:
        route, proxy = self._route, self._route.proxy
        first = (proxy.host, proxy.port) if proxy else (route.host, route.port)
        self._stream = stream = await Stream.connect(*first)
        if route.tls is None:
            return
        if proxy is not None:
            if proxy.scheme == "https":
                await self._start_tls(stream, route.tls, proxy.host, f"the proxy {proxy}")
            await open_tunnel(stream, proxy, route.host, route.port, route.user_agent)
        await self._start_tls(stream, route.tls, route.host.removesuffix("."), str(route))

    @staticmethod
    async def _start_tls(stream: Stream, context: ssl.SSLContext, host: str, peer: str) -> None:
        try:
            await stream.start_tls(context, host)
        except OSError as failure:
            reason, hint = tls.failure(failure)
            raise NotSent(f"could not connect to {peer}: {reason}", hint=hint) from None

    async def _exchange(self, stream: Stream, request: Request) -> Answer:
        http = self._http
        stream.write(self._sent(request))
        status, headers = 0, dict[str, str]()
        body = bytearray()
        received = 0
        try:
            while not isinstance(event := http.next_event(), h11.EndOfMessage):
                if event is h11.NEED_DATA:
                    data = await stream.read()
                    received += len(data)
                    if not status:
                        self._check_first(data, received)
                    if received > MAX_BODY + _MAX_HEAD:
                        raise _too_large(status)
                    http.receive_data(data)
                elif isinstance(event, h11.Response):
                    status = event.status_code
                    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += event.data
                    if len(body) > MAX_BODY:
                        raise _too_large(status)
        except h11.RemoteProtocolError as failure:
            raise NoAnswer(f"no answer: not valid HTTP: {failure}") from None
        return Answer(status, headers, bytes(body))

    def _sent(self, request: Request) -> bytes:
        headers = [("Host", self._route.authority), *request.headers]
        if request.body or request.method == "POST":
            headers.append(("Content-Length", str(len(request.body))))
        http = self._http
        try:
            data = http.send(h11.Request(method=request.method, target=request.target, headers=headers)) or b""
            if request.body:
                data += http.send(h11.Data(data=request.body)) or b""
            return data + (http.send(h11.EndOfMessage()) or b"")
        except (h11.LocalProtocolError, UnicodeError):
            raise NotSent(
                "could not be sent: the URL or the key contains a character that HTTP does not allow"
            ) from None

    def _check_first(self, data: bytes, received: int) -> None:
        """Before the status line: what the answer shows about the server. Raises NoAnswer and Unexpected."""
        if not data and received:
            raise NoAnswer("no answer: not valid HTTP: the server closed the connection before any header")
        if not data:
            hint = None if self._route.tls else "if the server expects TLS, use a URL that starts with https://"
            raise NoAnswer("no answer: the server closed the connection", hint=hint)
        if self._route.tls is None and data[:2] in _TLS_RECORDS:
            raise Unexpected(
                f"the server at {self._route} expects TLS",
                hint="use a URL that starts with https:// instead of http://",
            )


def _too_large(status: int) -> Unexpected:
    return Unexpected(f"{status or 'an answer'} with more than {MAX_BODY} bytes", status=status or None)


def _words(failure: OSError) -> str:
    """The reason in the words of the operating system."""
    if isinstance(failure, socket.gaierror):
        return f"the name cannot be resolved ({failure.strerror})"
    # asyncio puts the addresses into the text, and joins the texts where it has tried several.
    numbers = [failure.errno] if failure.errno else [int(number) for number in _ERRNO.findall(str(failure))]
    reasons = dict.fromkeys(os.strerror(number).lower() for number in numbers)
    return "; ".join(reasons) or str(failure) or type(failure).__name__
