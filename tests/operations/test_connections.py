"""A run has one set of connections, whatever it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.stage import Stage

from .counting import counting

if TYPE_CHECKING:
    from pathlib import Path

    from emulator_fixture import Running

PARALLELISM = 4
NAMES = [f"e{number:02}" for number in range(12)]


@pytest.fixture
def stage(
    tmp_path: Path, emulator: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    return Stage(tmp_path, emulator, monkeypatch, capsys)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["plan"], 0),
        (["status"], 0),
        (["drift"], 2),
        (["verify"], 3),
        (["apply", "--auto-approve"], 0),
        (["apply", "--auto-approve", "--wait", "5s"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_run_opens_at_most_as_many_connections_as_parallelism(stage: Stage, command: list[str], code: int) -> None:
    for name in NAMES:
        stage.environment(name, f"old-{name}.example.com" if name > "e06" else None)
    stage.manifest(**{name: f"{name}.example.com" for name in NAMES})
    more = ["--max-interruptions", "20"] if command[0] in {"apply", "plan"} else []
    with counting(stage.url) as proxy:
        ended = stage.run(*command, *more, "--parallelism", str(PARALLELISM), "--api-url", proxy.url)
    assert ended.code == code, ended.err
    assert proxy.accepted == PARALLELISM
    if command[0] == "apply":
        assert {name: stage.live(name) for name in NAMES} == {name: f"{name}.example.com" for name in NAMES}
