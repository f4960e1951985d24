"""Standard error that nobody reads: a terminal after Ctrl-S, a full pipe to a pager. No hostname waits for the reader."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import signal
import subprocess
import termios
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cli.own_api import OwnApi, own_api
from cli.stage import command, key

from .running import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"


@pytest.fixture
def api(stage: Stage) -> Iterator[OwnApi]:
    """One environment, whose hostname is to be replaced."""
    with own_api() as server:
        stage.set("IMGWIRE_API_BASE_URL", server.url)
        stage.set("IMGWIRE_API_KEY_WEB", key("web"))
        server.put(key("web"), OLD)
        stage.manifest(web=NEW)
        yield server


@contextmanager
def applying(stderr: int, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    arguments = ("apply", "--auto-approve", "--no-dns", "--receipt", "r.json", *more)
    process = subprocess.Popen(command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def read_all(descriptor: int) -> bytes:
    """What comes from the other side until that is closed."""
    parts: list[bytes] = []
    try:
        while part := os.read(descriptor, 4096):
            parts.append(part)
    except OSError:  # a terminal whose other side is closed
        pass
    return b"".join(parts)


@pytest.fixture
def stopped(api: OwnApi) -> Iterator[tuple[int, Callable[[], bytes]]]:
    """A terminal that shows nothing any more from the delete on, and a call that lets it go on, with all that it showed."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []
    reader = threading.Thread(target=lambda: shown.append(read_all(ours)))
    reader.start()

    def intercept(method: str, _key: str, _number: int) -> None:
        if method == "DELETE":
            termios.tcflow(theirs, termios.TCOOFF)

    def go_on() -> bytes:
        termios.tcflow(theirs, termios.TCOON)
        return finish()

    def finish() -> bytes:
        if reader.is_alive():
            os.close(theirs)
            reader.join()
        return b"".join(shown)

    api.intercept = intercept
    yield theirs, go_on
    finish()
    os.close(ours)


def test_a_terminal_after_ctrl_s_delays_only_the_end(api: OwnApi, stopped: tuple[int, Callable[[], bytes]]) -> None:
    terminal, go_on = stopped
    with applying(terminal) as process:
        until(lambda: api.sent("TEST") == [key("web")])
        assert api.hostnames() == {key("web"): NEW}
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        termios.tcflow(terminal, termios.TCOON)
        assert process.wait(20) == 0
    shown = go_on()
    lines = [shown.index(f"done     {op}".encode()) for op in ("delete", "create", "verify")]
    assert lines == sorted(lines)


def test_a_signal_ends_a_run_whose_terminal_stays_stopped(
    api: OwnApi, stopped: tuple[int, Callable[[], bytes]]
) -> None:
    terminal, _ = stopped
    with applying(terminal) as process:
        until(lambda: api.sent("TEST") == [key("web")])
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in {0, 6}
    assert api.hostnames() == {key("web"): NEW}


def test_a_full_pipe_keeps_no_hostname_offline(api: OwnApi) -> None:
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(theirs, False)
    while True:
        try:
            os.write(theirs, b"." * 4096)
        except BlockingIOError:
            break
    os.set_blocking(theirs, True)
    with applying(theirs) as process:
        os.close(theirs)
        until(lambda: api.sent("TEST") == [key("web")])
        assert (api.hostnames(), process.poll()) == ({key("web"): NEW}, None)
        assert b"create  web" in read_all(ours)
        assert process.wait(20) == 0
    os.close(ours)


def test_a_signal_ends_a_run_that_nobody_reads_before_it_has_written_anything(
    api: OwnApi, stopped: tuple[int, Callable[[], bytes]]
) -> None:
    """With its document: standard output has a reader."""
    terminal, _ = stopped
    waiting = threading.Event()

    def intercept(method: str, _key: str, number: int) -> None:
        if (method, number) == ("GET", 1):
            termios.tcflow(terminal, termios.TCOOFF)
            waiting.set()
            threading.Event().wait(2.0)

    api.intercept = intercept
    arguments = command("apply", "--auto-approve", "--no-dns", "--format", "json")
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=terminal)
    try:
        assert waiting.wait(20)
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=20)
        assert (process.returncode, json.loads(out)["reason"]) == (143, "interrupted")
    finally:
        process.kill()
        process.communicate()
    assert api.hostnames() == {key("web"): OLD}
