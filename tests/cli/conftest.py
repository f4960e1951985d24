"""What the tests of the command line share."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from api.servers import authority

from cli.listener import listening
from cli.stage import Stage
from reconciler.engine.policy import WritePolicy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator_fixture import Running

    from cli.listener import Listener

__all__ = ["authority", "listener", "stage"]


@pytest.fixture
def stage(
    tmp_path: Path, emulator: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    """A folder of its own and an emulator."""
    return Stage(tmp_path, emulator, monkeypatch, capsys)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A web server that is not Imgwire."""
    with listening() as found:
        yield found


@pytest.fixture
def reads_do_not_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads show every write at once, and none arrives late: commands in this process do not wait for
    that, nor between attempts."""
    policy = partial(WritePolicy, visibility_delays=(0.0, 0.0), delay=lambda _attempt: 0.01)
    monkeypatch.setattr("reconciler.operations.apply.WritePolicy", policy)
    monkeypatch.setattr("reconciler.operations.receipt._IN_FLIGHT", 0.0)
