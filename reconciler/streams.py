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
"""Seconds for which an unread text is still waited for once it may be given up."""


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
def unread_stderr(give_up: Callable[[], bool]) -> Iterator[Background]:
    """Within it, standard error may have a reader that does not read: a pager, or a terminal after Ctrl-S.

    What it does not read within `GRACE` after `give_up` is true is dropped, and so is all that follows.
    """
    stream = Background(sys.stderr, give_up)
    sys.stderr = cast("Any", stream)
    try:
        yield stream
    finally:
        stream.close()
        if sys.stderr is stream:  # else it is within another one, which may stay
            sys.stderr = stream.inner


class Background:
    """Writes texts in their order, from a thread of its own; once it is closed, at once."""

    def __init__(self, inner: TextIO, give_up: Callable[[], bool]) -> None:
        self.inner = inner
        self._give_up = give_up
        self._texts: queue.SimpleQueue[str | threading.Event | None] = queue.SimpleQueue()
        self._waits = True
        self._unread = False
        self._closed = False
        # A daemon, so that a text that nobody reads does not keep the process.
        threading.Thread(target=self._write_all, name="standard error", daemon=True).start()

    @contextlib.contextmanager
    def unwaited(self) -> Iterator[None]:
        """Within it, a write does not wait for the reader, which would keep a hostname offline. The end waits."""
        self._waits = False
        try:
            yield
        finally:
            self._waits = True
            self._wait()

    def write(self, text: str) -> int:
        if not isinstance(text, str):  # click asks in this way what kind of stream it is
            raise TypeError("write() needs a text")
        if self._unread:
            return len(text)
        if self._closed:
            return self.inner.write(text)
        self._texts.put(text)
        if self._waits:
            self._wait()
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back until it is closed."""
        if self._closed and not self._unread:
            self.inner.flush()

    def close(self) -> None:
        """Every text was waited for."""
        self._closed = True
        self._texts.put(None)

    def _wait(self) -> None:
        """Until all is written, or given up."""
        began, written = time.monotonic(), threading.Event()
        self._texts.put(written)
        while not self._unread and not written.wait(0.05):  # so that signals are noticed
            self._unread = self._give_up() and time.monotonic() - began > GRACE

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
            if isinstance(text, threading.Event):
                text.set()
                continue
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
