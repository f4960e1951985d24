"""Lines and the table of a run that goes on."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from reconciler.model.domains import Absent
from reconciler.model.report import Verdict, Verified
from reconciler.render.text import progress
from reconciler.render.text.progress import waiting_table


def verified(environment: str, verdict: Verdict, message: str = "status PENDING") -> Verified:
    return Verified(environment, verdict, Absent(), message)


def drawn(verdicts: list[Verified], columns: int, lines: int) -> list[str]:
    console = Console(file=StringIO(), width=columns)
    with console.capture() as capture:
        console.print(waiting_table(verdicts, len(verdicts), 12, 900, (columns, lines)))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_the_table_of_a_wait_shows_first_what_is_not_ready() -> None:
    assert drawn([verified("a", Verdict.READY, "serves"), verified("b", Verdict.WAITING)], 60, 24) == [
        "VERDICT  ENVIRONMENT  HOSTNAME  WHY",
        "waiting  b            -         status PENDING",
        "ready    a            -         serves",
        "1 waiting, 1 ready of 2, 12s of 15m",
    ]


def test_the_table_of_a_wait_takes_half_of_the_terminal_and_counts_the_rest() -> None:
    lines = drawn([verified(f"e{index}", Verdict.WAITING, "long " * 40) for index in range(30)], 50, 20)
    assert len(lines) == 10 + 2
    assert all(len(line) <= 50 for line in lines)
    assert lines[-1] == "30 waiting of 30, 12s of 15m"


@pytest.mark.parametrize(("reason", "shown"), [("x" * 27, "x" * 27), ("x" * 28, "x" * 26 + "…")], ids=["fits", "long"])
def test_the_table_of_a_wait_shortens_a_reason_only_where_it_does_not_fit(reason: str, shown: str) -> None:
    assert drawn([verified("a", Verdict.WAITING, reason)], 60, 24)[1].endswith(f" {shown}")


def test_the_counter_of_a_slow_run_never_shows_less_than_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_QUICK", -1.0)
    console = Console(file=StringIO(), width=60, force_terminal=True)
    counter = progress.Counter("Applying", 6, lambda: console)
    counter.advance()
    counter.close()
    assert isinstance(console.file, StringIO)
    assert "1/6" in console.file.getvalue()
    assert "0/6" not in console.file.getvalue()


@pytest.mark.parametrize(
    ("verdict", "message", "line"),
    [
        (Verdict.ABSENT, "has no custom domain: run apply first", "web has no custom domain: run apply first"),
        (Verdict.DIFFERENT, "has `a` instead of `b`: run apply first", "web has `a` instead of `b`: run apply first"),
        (Verdict.WAITING, "status PENDING", "web: waiting: status PENDING"),
    ],
)
def test_a_line_names_what_is_wrong_once(verdict: Verdict, message: str, line: str) -> None:
    assert progress.VerdictLines(1, 0.0).line(verified("web", verdict, message), 1.0) == line
