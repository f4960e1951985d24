"""The benchmarks run, at their smallest size. Seconds are not judged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parent.parent.parent


def rows(page: str, heading: str) -> list[dict[str, str]]:
    """The table below a heading, by its column names."""
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return [dict(zip(lines[0], cells, strict=False)) for cells in lines[2:]]


def test_the_smallest_benchmark_runs_and_writes_its_page_and_plot(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--rounds", "1", "--write", str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "performance.md").read_text()
    assert page == ended.stdout.removesuffix("\n")
    plans = rows(page, "`plan` without changes")
    assert [(row["N"], row["P"], row["delay ms"]) for row in plans] == [
        (size, "2", delay) for size in "13" for delay in "01"
    ]
    assert all(row["requests"] == row["N"] for row in plans)
    assert all(int(row["connections"]) <= int(row["P"]) for row in plans)
    assert [row["command"] for row in rows(page, "Other commands")] == ["`drift`", "`apply`", "`dns check`"]
    assert [row["N"] for row in rows(page, "`validate`")] == ["1", "3", "6"]
    assert len(rows(page, "Start-up")) == 2
    plot = ET.fromstring((tmp_path / "performance.svg").read_text())
    bars = [item for item in plot.iter("{http://www.w3.org/2000/svg}rect") if item.get("height") != "12"]
    assert len(bars) == 1 + 5  # the background, `plan` and four readers
