"""`status` as variables for deployments: the delivery hostname of each environment."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable
from reconciler.model.escape import escape_control
from reconciler.model.results import StatusResult
from reconciler.render.standing import mistaken_environments

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_status(report: Report, _style: Style) -> str:
    """One `IMGWIRE_HOST_<NAME>=hostname` for each environment, with the reason above it. Nothing where the run failed early.

    Environments whose names give one variable get none: which of them it means would depend on their order.
    """
    status = report.content
    if not isinstance(status, StatusResult):
        return ""
    variables = Counter(variable(item.name) for item in status.plan.environments)
    mistaken = mistaken_environments(status.blocks, status.plan)
    lines = []
    for item in status.plan.environments:
        name = variable(item.name)
        host = status.host(item)
        lines.append(f"# {escape_control(item.name)}: {escape_control(_reason(status, item, host, mistaken))}")
        if variables[name] > 1:
            lines.append(f"# {name} is left out: several environments share this variable")
        else:
            lines.append(f"{name}={host}")
    return "".join(f"{line}\n" for line in lines)


def variable(name: str) -> str:
    """`IMGWIRE_HOST_<NAME>`, upper case, every other character `_`, as key variables are named."""
    return "IMGWIRE_HOST_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


def _reason(status: StatusResult, item: EnvironmentPlan, host: str, mistaken: Collection[str]) -> str:
    match item.live:
        case Unreadable(error):
            return f"not known: {error.message}"
        case Present() if item.name in mistaken:
            return "the key is of another Environment"
        case Present(domain) if host == domain.hostname:
            return "CONNECTED and ACTIVE"
        case Present(domain):
            failed = next((probe for probe in status.probes if probe.environment == item.name), None)
            return f"{domain.hostname} {failed.message if failed else domain.health}"
        case _:
            return "no custom domain"
