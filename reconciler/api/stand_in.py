"""Requests answered by an httpx transport in place of the network: the emulator inside the process, or a test."""

from __future__ import annotations

import asyncio

import httpx

from reconciler.api.exchange import MAX_BODY, Answer, Request
from reconciler.model.errors import NoAnswer, NotSent, Unexpected

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


class StandIn:
    """An Exchanger over `transport`, whose errors mean what they mean to httpx."""

    def __init__(self, transport: httpx.AsyncBaseTransport, origin: str, timeout: float) -> None:
        self._transport = transport
        self._origin = origin
        self._timeout = timeout

    async def exchange(self, request: Request) -> Answer:
        try:
            async with asyncio.timeout(self._timeout):
                url = httpx.URL(self._origin + request.target)
                sent = httpx.Request(request.method, url, headers=list(request.headers), content=request.body or None)
                answer = await self._transport.handle_async_request(sent)
                try:
                    return Answer(answer.status_code, dict(answer.headers), await _body(answer))
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise NoAnswer("no answer: timed out") from None
        except _NOT_SENT as failure:
            raise NotSent(f"could not connect: {_words(failure)}") from None
        except (httpx.TransportError, OSError, ValueError) as failure:  # a broken answer can be broken in any way
            raise NoAnswer(f"no answer: {_words(failure)}") from None

    async def aclose(self) -> None:
        """The transport is closed by its owner."""


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_BODY:
            raise Unexpected(f"{answer.status_code} with more than {MAX_BODY} bytes", status=answer.status_code)
    return bytes(body)


def _words(failure: Exception) -> str:
    text = " ".join(str(failure).split())
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__
