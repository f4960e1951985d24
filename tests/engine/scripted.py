"""A connection that answers from a script, and the policy of somebody whose time costs nothing."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.policy import WritePolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reconciler.model.domains import Domain, Known


@dataclass(frozen=True)
class Slow:
    """A reply that takes so many seconds to come."""

    seconds: float
    reply: object


Reply = object  # what the call gives, or an exception that it raises


class Scripted:
    """Gives the replies in order, and remembers what was asked. A call beyond the script, or an unused reply, is an error."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.calls: list[str] = []
        self.turns: list[str] = []
        self.slept: list[float] = []
        self.now = 1000.0
        self.policy = WritePolicy(
            retries=2,
            visibility_delays=(1.0, 2.0),
            step_timeout=60.0,
            delay=lambda n: 0.5 * n,
            sleep=self._sleep,
            clock=lambda: self.now,
            now=lambda: self.now,
        )

    @property
    def left(self) -> list[Reply]:
        return self._replies

    async def read(self, environment: str) -> Known:
        return self._next(f"read {environment}")  # type: ignore[return-value]

    async def create(self, environment: str, hostname: str) -> Domain:
        return self._next(f"create {environment} {hostname}")  # type: ignore[return-value]

    async def delete(self, environment: str) -> None:
        self._next(f"delete {environment}")

    async def test_connection(self, environment: str) -> Domain:
        return self._next(f"test {environment}")  # type: ignore[return-value]

    @asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        self.turns.append("urgent" if urgent else "fair")
        yield

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def _next(self, call: str) -> Reply:
        self.calls.append(call)
        assert self._replies, f"nobody expected {call}"
        reply = self._replies.pop(0)
        if isinstance(reply, Slow):
            self.now += reply.seconds
            reply = reply.reply
        if isinstance(reply, BaseException):
            raise reply
        return reply
