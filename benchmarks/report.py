"""Results as a page in Markdown."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from benchmarks.cases import READERS
from benchmarks.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.measure import Result

_INTRODUCTION = """\
# Performance

This page and its plot are generated: `.venv/bin/python -m benchmarks --write` after the test install. Each row is a whole
process, from start to exit. The API runs on the same machine and delays every response. N is the number of
environments and P the number of requests in flight. The *floor* is the time that the responses alone take: N ÷ P delays,
rounded up. For `apply` it counts four requests per create, for `dns check` one request and two DNS queries
per domain.

Machines differ and are noisy, so compare ratios, not seconds. A ratio is the wall time of the command over that of another
process in the same round; the tables show medians. Below 1 the command is faster. The other processes are bare readers: they
send the same GETs, parse each response, and do nothing else:

- `httpx`: P clients of one connection each, which is the fastest way to use httpx;
- `asyncio`: asyncio streams with hand-written HTTP, the least that Python can do;
- `http.client`, `urllib3`: P threads with blocking requests; the official Python SDK uses urllib3.
"""


def render(results: Sequence[Result], rounds: int, date: str) -> str:
    """The whole page."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    parts = [
        _INTRODUCTION,
        f"Measured on {date}: {machine}, median of {rounds}. {_load()}\n",
        "![Wall time of plan and of bare readers, N = 1,000, 50 ms](performance.svg)\n",
        "## Targets\n",
        _table(("target", "at most", "measured", ""), _targets(results)),
        "## Start-up\n",
        _table(("command", "wall s", "÷ imports", "CPU s", "MiB"), _start_up(results)),
        "## `plan` without changes\n",
        _table(
            ("N", "P", "delay ms", "wall s", "÷ floor", *(f"÷ {name}" for name in READERS), "CPU ÷ httpx", *_USAGE),
            _plans(results),
        ),
        "## Other commands\n",
        _table(("command", "N", "P", "delay ms", "wall s", "÷ floor", *_USAGE), _others(results)),
        "## `validate`\n",
        _table(("N", "wall s", "without imports ÷ C `compose`", "CPU s", "MiB"), _validations(results)),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _load() -> str:
    """Whether the machine had other work, which makes wall times unreliable."""
    load, processors = os.getloadavg()[1], os.cpu_count() or 1
    if load <= processors:
        return "The machine had no other work."
    return (
        f"**Preliminary:** the machine was busy with other work (load average {load:.1f} on {processors} CPUs). Wall times and "
        "their ratios are unreliable; compare the CPU columns."
    )


_USAGE = ("CPU s", "MiB", "requests", "connections")


def _targets(results: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    for target in TARGETS:
        value = target.find(results)
        if value is None:
            yield target.text, f"{target.limit:g}", "not measured", ""
        else:
            yield target.text, f"{target.limit:g}", _number(value), "met" if value <= target.limit else "**not met**"


def _start_up(results: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    for result in results:
        if result.case.command in ("--version", "plan") and result.case.baselines != READERS:
            (ratio,), usage = result.ratios.values(), result.usage
            yield (
                f"`{result.case.command}`",
                f"{usage.wall:.3f}",
                f"{ratio:.2f} (`{result.case.baselines[0]}`)",
                f"{usage.cpu:.3f}",
                f"{usage.memory:.0f}",
            )


def _plans(results: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    for result in results:
        if result.case.baselines == READERS:
            ratios = (_number(result.ratios[name]) for name in READERS)
            cpu = _number(result.usage.cpu / result.baselines["httpx"].cpu)
            yield *_size(result), _over_floor(result), *ratios, cpu, *_usage(result)


def _others(results: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    for result in results:
        if result.case.command in ("apply", "drift", "dns check"):
            yield f"`{result.case.command}`", *_size(result), _over_floor(result), *_usage(result)


def _validations(results: Sequence[Result]) -> Iterable[tuple[str, ...]]:
    for result in results:
        if result.case.command == "validate":
            usage = result.usage
            yield (
                f"{result.case.size:,}",
                f"{usage.wall:.2f}",
                _number(result.ratios["compose"]),
                f"{usage.cpu:.2f}",
                f"{usage.memory:.0f}",
            )


def _size(result: Result) -> tuple[str, ...]:
    case = result.case
    return f"{case.size:,}", str(case.parallel), f"{case.delay * 1000:g}", f"{result.usage.wall:.2f}"


def _usage(result: Result) -> tuple[str, ...]:
    usage = result.usage
    return f"{usage.cpu:.2f}", f"{usage.memory:.0f}", f"{result.requests:,}", f"{result.connections:,}"


def _over_floor(result: Result) -> str:
    return _number(result.usage.wall / result.case.floor) if result.case.floor else ""


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
