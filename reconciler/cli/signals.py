"""SIGINT and SIGTERM: one handler from the first line of `main` to the end of the process, and what a signal does meanwhile."""

from __future__ import annotations

import atexit
import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.imports import forget_interrupted
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    Listener = Callable[[ExitCode], None]

# A terminal that closes sends SIGHUP: a started replace is completed then as well.
_CODES = {
    signal.SIGINT: ExitCode.INTERRUPTED,
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
}
PATIENCE = 1.0
"""Seconds after the first signal during the output, from which another signal ends the process at once."""


class Signals:
    """`first` is the exit code of the first signal since `listen`, or None.

    At first a signal raises KeyboardInterrupt, once. Within `forwarded` it is given to a listener. From `settle` on the exit
    code is certain, and a signal changes nothing: a later one ends the process with that code where the output takes long.
    """

    def __init__(self) -> None:
        self.first: ExitCode | None = None
        self._listener: Listener = self._ignore
        self._code = ExitCode.INTERRUPTED
        self._held_since: float | None = None

    def listen(self, first: ExitCode | None = None) -> None:
        """Handle signals from now on; there was the `first` one before."""
        self.first, self._held_since = first, None
        self._listener = self._raise
        for number in _CODES:
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # nohup
            signal.signal(number, self._on_signal)

    def check(self) -> None:
        """Raises KeyboardInterrupt for a signal whose own was swallowed, as Python does within callbacks of imports."""
        if self.first is not None:
            raise KeyboardInterrupt

    @contextmanager
    def forwarded(self, listener: Listener) -> Iterator[None]:
        """Give signals to the listener. Afterwards, there is a result: signals are ignored."""
        self._listener = listener
        try:
            yield
        finally:
            self._listener = self._ignore

    @contextmanager
    def raised(self) -> Iterator[None]:
        """Raise KeyboardInterrupt for a signal, in what blocks within `forwarded`."""
        before, self._listener = self._listener, self._raise
        try:
            yield
        finally:
            self._listener = before

    def ignore(self) -> None:
        """The run has its result, or its end."""
        self._listener = self._ignore

    def settle(self, code: ExitCode) -> None:
        """The process will end with this code, whatever happens to its output. What that imports must be whole."""
        self._code = code
        if self.first is not None:
            forget_interrupted()
        self._listener = self._hold

    def leave(self) -> None:
        """Python restores the default handlers while it ends: ignore signals then."""
        for number in _CODES:
            atexit.register(signal.signal, number, signal.SIG_IGN)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        code = _CODES[signal.Signals(number)]
        self.first = self.first or code
        self._listener(code)

    def _raise(self, _code: ExitCode) -> None:
        self._listener = self._ignore
        raise KeyboardInterrupt

    def _ignore(self, _code: ExitCode) -> None:
        pass

    def _hold(self, _code: ExitCode) -> None:
        now = time.monotonic()
        if self._held_since is None:
            self._held_since = now
        elif now - self._held_since >= PATIENCE:
            os._exit(int(self._code))


signals = Signals()
"""Of this process."""
