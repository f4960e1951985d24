"""Measures the cases. Each round runs a command and its baselines one after the other, so that ratios are of one moment."""

from __future__ import annotations

import json
import shutil
import sys
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.cases import COMPOSE, IMPORT_YAML, READERS, VALIDATE_IMPORTS
from benchmarks.process import Usage, run, serving
from benchmarks.server import environment_id, hostname

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.cases import Case

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds. `ratios` are the command's wall time over that of each baseline in the same round."""

    case: Case
    usage: Usage
    requests: int
    connections: int
    baselines: Mapping[str, Usage]
    ratios: Mapping[str, float]


def measure(case: Case, rounds: int, folder: Path) -> Result:
    """Run a case, each round in a new `folder`. Raises RuntimeError where a command fails."""
    usages: list[Usage] = []
    baselines: dict[str, list[Usage]] = {name: [] for name in case.baselines}
    stats: dict[str, int] = {}
    with ExitStack() as servers:
        url = servers.enter_context(serving(_server(case)))
        command = _command(case, url, servers)
        for _ in range(rounds):
            folder.mkdir()  # anew: a receipt of another round would make this one suspicious
            write_inputs(folder, case.size)
            call(url, "reset", "POST")
            usages.append(run(command, cwd=folder))
            stats = call(url, "stats")
            for name, runs in baselines.items():
                runs.append(run(_baseline(name, case, url), cwd=folder, env={"PYTHONPATH": str(ROOT)}))
            shutil.rmtree(folder)
    ratios = {name: _ratio(usages, runs) for name, runs in baselines.items()}
    if case.command == "validate":
        ratios["compose"] = _compose_ratio(usages, baselines)
    return Result(
        case,
        _median(usages),
        stats["requests"],
        stats["connections"],
        {name: _median(runs) for name, runs in baselines.items()},
        ratios,
    )


def _median(usages: Sequence[Usage]) -> Usage:
    return Usage(
        median(usage.wall for usage in usages),
        median(usage.cpu for usage in usages),
        max(usage.memory for usage in usages),
    )


def _ratio(usages: Sequence[Usage], baseline: Sequence[Usage]) -> float:
    return median(usage.wall / other.wall for usage, other in zip(usages, baseline, strict=True))


def _compose_ratio(usages: Sequence[Usage], baselines: Mapping[str, Sequence[Usage]]) -> float:
    """`validate` without its imports over the C parser's `compose` of the same file."""
    imports, yaml, compose = (baselines[name] for name in (VALIDATE_IMPORTS, IMPORT_YAML, COMPOSE))
    ratios = [
        (usage.wall - imports[index].wall) / (compose[index].wall - yaml[index].wall)
        for index, usage in enumerate(usages)
    ]
    return median(ratios)


def write_inputs(folder: Path, size: int) -> None:
    """A manifest of `size` pinned environments, and their keys."""
    names = [f"environment-{index:05}" for index in range(size)]
    entries = "".join(
        f"  {name}:\n    environment_id: {environment_id(index)}\n    hostname: {hostname(index)}\n"
        for index, name in enumerate(names)
    )
    (folder / "imgwire.yaml").write_text(f"version: 1\nenvironments:\n{entries}")
    (folder / "keys.json").write_text(json.dumps({name: f"sk_{index}" for index, name in enumerate(names)}))
    (folder / "keys.json").chmod(0o600)


def _server(case: Case) -> list[str]:
    command = [sys.executable, "-m", "benchmarks.server", "--count", str(case.size), "--delay", str(case.delay)]
    return [*command, "--absent"] if case.command == "apply" else command


def _command(case: Case, url: str, servers: ExitStack) -> list[str]:
    script = Path(sys.executable).with_name("reconciler")
    command = [str(script), *case.command.split()]
    if case.command in ("--version", "validate"):
        return command
    command += ["--api-url", url, "--keys", "keys.json", "--parallelism", str(case.parallel)]
    if case.command == "apply":
        command += ["--auto-approve", "--receipt", "receipt.json"]
    if case.command == "dns check":
        server = [sys.executable, "-m", "benchmarks.dns_server", "--delay", str(case.delay)]
        command += ["--dns-server", servers.enter_context(serving(server))]
    return command


def _baseline(name: str, case: Case, url: str) -> list[str]:
    if name in READERS:
        return [sys.executable, "-m", "benchmarks.clients", name, url, str(case.size), str(case.parallel)]
    return [sys.executable, "-c", name]


def call(url: str, path: str, method: str = "GET") -> dict[str, int]:
    """A request to the server itself: `stats` or `reset`."""
    request = urllib.request.Request(f"{url}/{path}", method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        found: dict[str, int] = json.load(response)
    return found
