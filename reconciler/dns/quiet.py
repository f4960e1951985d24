"""Keeps octoDNS and its providers from writing to the streams of the program."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from reconciler.program import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class _Gate:
    """Opens the streams to the main thread only, and closes them for ever at the end.

    Providers also write from threads of their own, and their log handlers keep a stream for ever.
    """

    def __init__(self) -> None:
        self.within: Counter[threading.Thread] = Counter()  # the threads that are within `quiet`
        self.closed = False
        self._streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = (_Gated(stream, self) for stream in self._streams)

    @property
    def passes(self) -> bool:
        thread = threading.current_thread()
        return not self.closed and thread is threading.main_thread() and not self.within[thread]

    def close(self) -> None:
        """Give the streams back."""
        self.closed = True
        sys.stdout, sys.stderr = self._streams


class _Gated:
    """A stream that drops what its gate does not let pass."""

    def __init__(self, stream: Any, gate: _Gate) -> None:
        self._stream = stream
        self._gate = gate

    def write(self, data: Any) -> int:
        return int(self._stream.write(data)) if self._gate.passes else len(data)

    def writelines(self, lines: Iterable[Any]) -> None:
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> _Gated:
        return _Gated(self._stream.buffer, self._gate)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


_gates: list[_Gate] = []  # one while any thread is within `quiet`, and in a program of our own from then on
_silent = logging.NullHandler()
_lock = threading.Lock()


@contextmanager
def quiet() -> Iterator[None]:
    """octoDNS and its providers log, warn and print at length, secrets included; what matters comes back as errors.

    In a program of our own, threads that they leave behind are kept silent to its end.
    Raises RuntimeError in place of an end of the whole program, such as SystemExit: other custom domains are being changed.
    """
    root = logging.getLogger()
    thread = threading.current_thread()
    with _lock:
        gate = _gates[0] if _gates else _Gate()
        _gates[:] = [gate]
        root.addHandler(_silent)  # or Python would write warnings to standard error by itself
        gate.within[thread] += 1
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - providers raise whatever their clients raise
        raise RuntimeError(f"{type(error).__name__}: {error}") from None
    finally:
        with _lock:
            gate.within[thread] -= 1
            if not +gate.within and not PROGRAM.is_own:
                _gates.clear()
                gate.close()
                root.removeHandler(_silent)
