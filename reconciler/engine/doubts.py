"""Creates that may have failed for a reason that meets every create, until their outcome is known."""

from __future__ import annotations

import asyncio


class Doubts:
    """The ids of such creates. While there is one, no lane begins to delete: the API may refuse what is to follow."""

    def __init__(self) -> None:
        self._creates: set[str] = set()
        self._resolved = asyncio.Event()

    def __bool__(self) -> bool:
        return bool(self._creates)

    def add(self, create: str) -> None:
        """It was answered with an error, or not at all, and its step goes on."""
        self._creates.add(create)
        self._resolved.clear()

    def remove(self, create: str) -> None:
        """Its step has ended."""
        self._creates.discard(create)
        if not self._creates:
            self._resolved.set()

    async def resolved(self) -> None:
        """Return once there is none."""
        while self._creates:
            await self._resolved.wait()
