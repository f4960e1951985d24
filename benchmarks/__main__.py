"""`python -m benchmarks`: measure, print the page, and with `--write` put it into the docs."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path

from benchmarks import plot, report
from benchmarks.cases import READERS, Case, all_cases
from benchmarks.measure import ROOT, Result, measure
from benchmarks.targets import TARGETS


def main() -> None:
    """Measure every case and write the page and the plot."""
    options = _options()
    sizes, delays, parallel = (
        ((1, 3), (0.0, 0.001), (2,))
        if options.smoke
        else (
            tuple(size for size in (1, 100, 1000, 10_000) if size <= options.largest),
            (0.0, 0.05),
            (10, 32, 100),
        )
    )
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(all_cases(sizes, delays, parallel)):
            if options.only and options.only not in _name(case):
                continue
            if options.targets and case not in {target.case for target in TARGETS}:
                continue
            results.append(measure(case, options.rounds, Path(folder) / str(number)))
            print(_name(case), f"{results[-1].usage.wall:.3f} s", file=sys.stderr, flush=True)
    page = report.render(results, options.rounds, dt.datetime.now(tz=dt.UTC).date().isoformat())
    print(page)
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        (options.write / "performance.md").write_text(page, encoding="utf-8")
        (options.write / "performance.svg").write_text(plot.render(_plotted(results)), encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--write", type=Path, nargs="?", const=ROOT / "docs", metavar="DIR", help="write to docs/ or DIR"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds per case, default 3")
    parser.add_argument("--largest", type=int, default=10_000, metavar="N", help="largest N, default 10000")
    parser.add_argument("--only", metavar="TEXT", help="only cases whose line contains TEXT, such as 'plan N=1000'")
    parser.add_argument("--targets", action="store_true", help="only the cases that have a target")
    parser.add_argument("--smoke", action="store_true", help="one tiny size, to see that everything runs")
    return parser.parse_args()


def _name(case: Case) -> str:
    return f"{case.command} N={case.size} P={case.parallel} {case.delay * 1000:g}ms"


def _plotted(results: list[Result]) -> list[Result]:
    """`plan` with the longest delay, at 1,000 environments or the largest size below."""
    plans = [result for result in results if result.case.baselines == READERS]
    delay = max(result.case.delay for result in plans)
    size = max(result.case.size for result in plans if result.case.size <= 1000)
    return [result for result in plans if (result.case.size, result.case.delay) == (size, delay)]


if __name__ == "__main__":
    main()
