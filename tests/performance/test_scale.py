"""No step costs more per environment in a large run than in a small one. Counts calls, requests and bytes, not seconds."""

from __future__ import annotations

import cProfile
import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from samples import API_URL, live, pending, wish

from benchmarks.measure import call, write_inputs
from benchmarks.process import serving
from reconciler.model.conclusion import conclude
from reconciler.model.domains import Live, Present
from reconciler.model.proposal import Proposal
from reconciler.model.results import DriftResult, PlanResult, Report, StatusResult
from reconciler.planning.drift import findings
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.style import Style

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.results import Result

# How much more an environment may cost at the large size. Sorting costs a little more.
_TOLERANCE = 1.1

COUNTING = Path(__file__).parent / "counting.py"
SIZES = (50, 250, 450)


def counted(arguments: list[str], size: int, folder: Path, *, absent: bool) -> dict[str, int]:
    """The counts of one command over HTTP."""
    folder.mkdir()
    write_inputs(folder, size)
    server = [sys.executable, "-m", "benchmarks.server", "--count", str(size), *(["--absent"] if absent else [])]
    with serving(server) as url:
        options = [] if arguments[0] == "validate" else ["--api-url", url, "--keys", "keys.json"]
        command = [sys.executable, str(COUNTING), "counts.json", *arguments, *options]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
        assert (folder / "counts.json").exists(), ended.stderr
        counts: dict[str, int] = json.loads((folder / "counts.json").read_text())
        return {**counts, **call(url, "stats")}


@pytest.mark.parametrize(
    ("arguments", "absent", "requests"),
    [
        pytest.param(["validate"], False, 0, id="validate"),
        pytest.param(["plan"], False, 1, id="plan-without-changes"),
        pytest.param(["plan", "--format", "json", "--out", "plan.json"], True, 1, id="plan-of-creates"),
        pytest.param(["drift", "--report", "html=drift.html"], True, 1, id="drift"),
        pytest.param(["apply", "--auto-approve"], True, 4, id="apply"),
    ],
)
def test_a_command_costs_the_same_per_environment_at_any_size(
    tmp_path: Path, arguments: list[str], absent: bool, requests: int
) -> None:
    counts = [counted(arguments, size, tmp_path / str(size), absent=absent) for size in SIZES]
    assert [count["requests"] for count in counts] == [requests * size for size in SIZES]
    assert max(count["connections"] for count in counts) <= 32
    for name in ("calls", "written"):
        small, large = (after[name] - before[name] for before, after in pairwise(counts))
        assert large <= small * _TOLERANCE, name


def calls_of(work: Callable[[], object]) -> int:
    """Function calls, Python's and C's."""
    profile = cProfile.Profile()
    profile.runcall(work)
    return sum(entry.callcount for entry in profile.getstats())


def half_changed(size: int) -> tuple[Report, ...]:
    """Reports of a run in which a third is in sync, a third to replace and a third not ready."""
    names = [f"environment-{index:05}" for index in range(size)]
    environments = [wish(name, f"{name}.example.com") for name in names]
    state: dict[str, Live] = {}
    for index, name in enumerate(names):
        hostname = f"{name}.example.com"
        state[name] = (
            live(name, hostname),
            live(name, f"old-{hostname}"),
            Present(pending(name, hostname)),
        )[index % 3]
    plan = build_plan(environments, state, API_URL)
    stops = blocks(plan, Consent())
    results: dict[str, Result] = {
        "plan": PlanResult(Proposal(plan, "sha256:" + "0" * 64, stops)),
        "drift": DriftResult(plan, stops, findings(plan, health=True)),
        "status": StatusResult(plan, stops),
    }
    return tuple(
        Report(command, "2026-03-01T12:00:00Z", result, conclude(result)) for command, result in results.items()
    )


SMALL, LARGE = 200, int(os.environ.get("RECONCILER_TEST_LARGE", "4000"))  # `.ci/full scale` takes 20,000


@pytest.fixture(scope="module")
def reports() -> dict[int, dict[str | None, Report]]:
    return {size: {report.command: report for report in half_changed(size)} for size in (SMALL, LARGE)}


@pytest.mark.parametrize(
    ("command", "format_"),
    [(command, format_) for command in ("plan", "drift", "status") for format_ in FORMATS[command]],
)
def test_a_format_costs_the_same_per_environment_at_any_size(
    reports: dict[int, dict[str | None, Report]], command: str, format_: str
) -> None:
    render = renderer(command, format_)
    render(reports[SMALL][command], Style())  # imports what it needs
    calls = {size: calls_of(lambda size=size: render(reports[size][command], Style())) for size in (SMALL, LARGE)}
    assert calls[LARGE] / LARGE <= calls[SMALL] / SMALL * _TOLERANCE


def test_planning_costs_the_same_per_environment_at_any_size() -> None:
    half_changed(SMALL)
    calls = {size: calls_of(lambda size=size: half_changed(size)) for size in (SMALL, SMALL * 20)}
    assert calls[SMALL * 20] / (SMALL * 20) <= calls[SMALL] / SMALL * _TOLERANCE
