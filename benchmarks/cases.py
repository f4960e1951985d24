"""What is measured: commands by size, delay and parallelism, and the targets that they must meet."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Command = Literal["--version", "plan", "apply", "drift", "validate", "dns check"]
READERS = ("httpx", "asyncio", "http.client", "urllib3")
VERSION_IMPORTS = "import click"
PLAN_IMPORTS = "import click, yaml, jsonschema, httpx"
VALIDATE_IMPORTS = "import click, yaml, jsonschema"
IMPORT_YAML = "import yaml"
COMPOSE = "import yaml; yaml.compose(open('imgwire.yaml', 'rb'), Loader=yaml.CSafeLoader)"
_REQUESTS = {"plan": 1, "drift": 1, "apply": 4, "dns check": 3}  # per environment, one after the other


@dataclass(frozen=True, slots=True)
class Case:
    """One row: a command with `size` environments, `parallel` requests in flight and `delay` seconds per response.

    `baselines` names what it is compared with: readers of `clients`, or Python statements.
    """

    command: Command
    size: int = 1
    parallel: int = 32
    delay: float = 0.0
    baselines: tuple[str, ...] = ()

    @property
    def floor(self) -> float:
        """Seconds that the responses alone take."""
        return math.ceil(self.size * _REQUESTS.get(self.command, 0) / self.parallel) * self.delay


def all_cases(sizes: tuple[int, ...], delays: tuple[float, ...], parallel: tuple[int, ...]) -> Iterator[Case]:
    """Every row, start-up first."""
    yield Case("--version", baselines=(VERSION_IMPORTS,))
    yield Case("plan", baselines=(PLAN_IMPORTS,))
    for size in sizes:
        for delay in delays:
            for width in parallel:
                yield Case("plan", size, width, delay, READERS)
    middle, delay = parallel[len(parallel) // 2], delays[-1]
    for command in ("drift", "apply", "dns check"):
        for size in sizes[:-1] or sizes:
            yield Case(command, size, middle, delay)
    for size in (*sizes[-2:], 2 * sizes[-1]):
        yield Case("validate", size, baselines=(VALIDATE_IMPORTS, IMPORT_YAML, COMPOSE))
