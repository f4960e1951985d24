"""A reconciler in a process of its own, held at the request of one's choice."""

from __future__ import annotations

import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cli.stage import CANARY, Ended, command

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator

    from cli.stage import Stage

    from reconciler.emulator.faults import Fault


class Process:
    """A command that runs."""

    def __init__(self, popen: subprocess.Popen[str]) -> None:
        self._popen = popen

    def send(self, number: signal.Signals) -> None:
        self._popen.send_signal(number)

    def wait_for_line(self, text: str) -> None:
        """Return once a line with the text is on standard error. `end` gives what comes after it."""
        assert self._popen.stderr is not None
        assert any(text in line for line in self._popen.stderr), "it ended before"

    def end(self) -> Ended:
        """Wait until it has ended by itself or by a signal."""
        out, err = self._popen.communicate(timeout=60)
        assert CANARY not in out + err
        assert "Traceback" not in err
        return Ended(self._popen.returncode, out, err)


@contextmanager
def started(*arguments: str) -> Iterator[Process]:
    """The command, without a terminal; it does not outlive the block."""
    popen = subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Process(popen)
    finally:
        popen.kill()
        popen.communicate()


def wait_for(stage: Stage, fault: Fault) -> None:
    """Return once the fault has struck: the request is at the server, and the fault holds it there."""
    until(lambda: any(found == fault and count >= fault.nth for found, count in stage.world.faults.counts()))


def until(happened: Callable[[], bool]) -> None:
    for _ in range(3000):
        if happened():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")
