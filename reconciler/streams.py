"""Standard error while a run goes on: its reader may be slow, stop reading, or go away. The run goes on."""

from __future__ import annotations

import contextlib
import os
import queue
import select
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GRACE = 1.0
"""Seconds for which an unread text is still waited for at the end of a run that is to be given up."""


class SurvivingStream:
    """A stream whose terminal may close: what can no longer be written is dropped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def unread_stderr(give_up: Callable[[], bool]) -> Iterator[None]:
    """Within it, writing to standard error never waits for a reader: such as a pager, or a terminal after Ctrl-S.

    A write in between would keep a hostname offline. At the end everything is written, unless `give_up` is true meanwhile.
    """
    stream = _Background(sys.stderr)
    sys.stderr = cast("Any", stream)
    try:
        yield
    finally:
        stream.drain(give_up)
        if sys.stderr is stream:  # else it is within another one, which may stay
            sys.stderr = stream.inner


class _Background:
    """Writes texts in their order, from a thread of its own; from `drain` on, at once."""

    def __init__(self, inner: TextIO) -> None:
        self.inner = inner
        self._texts: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._drained = False
        # A daemon, so that a text that nobody reads does not keep the process.
        self._thread = threading.Thread(target=self._write_all, name="standard error", daemon=True)
        self._thread.start()

    def write(self, text: str) -> int:
        if self._drained:
            return self.inner.write(text)
        if not isinstance(text, str):  # click asks in this way what kind of stream it is
            raise TypeError("write() needs a text")
        self._texts.put(text)
        return len(text)

    def flush(self) -> None:
        if self._drained:
            self.inner.flush()

    def drain(self, give_up: Callable[[], bool]) -> None:
        began = time.monotonic()
        self._texts.put(None)
        while self._thread.is_alive():
            self._thread.join(0.05)  # so that signals are noticed
            if give_up() and time.monotonic() - began > GRACE:
                break
        self._drained = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def _write_all(self) -> None:
        """Past the stream's own buffer: its lock would stop the end of the process too."""
        try:
            number = self.inner.fileno()
        except (AttributeError, OSError, ValueError):
            number = None
        with contextlib.suppress(OSError, ValueError):
            self.inner.flush()
        while (text := self._texts.get()) is not None:
            with contextlib.suppress(OSError, ValueError):
                if number is None:
                    self.inner.write(text)
                else:
                    _write(number, text.encode(self.inner.encoding or "utf-8", "backslashreplace"))


def _write(number: int, data: bytes) -> None:
    """All of it to the descriptor, which may be one that does not block. Raises OSError."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(number, left) :]
        except BlockingIOError:
            select.select((), (number,), ())
