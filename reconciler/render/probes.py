"""Probes for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.probe import ProbeVerdict
from reconciler.render.layout import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.probe import Probe
    from reconciler.render.style import Style

_STYLES = {
    ProbeVerdict.SERVING: "green",
    ProbeVerdict.CERTIFICATE_EXPIRING: "yellow",
    ProbeVerdict.CERTIFICATE_WRONG: "red",
    ProbeVerdict.NOT_SERVING: "red",
    ProbeVerdict.NOT_PROBED: "yellow",
}


def render_probes(probes: Sequence[Probe], style: Style) -> str:
    """One line for each probe."""
    rows = [
        (
            f"  {style(_STYLES[probe.verdict], verdict_words(probe))}",
            escape_control(probe.environment),
            escape_control(display_hostname(probe.hostname)),
            escape_control(probe.message),
        )
        for probe in probes
    ]
    return "\n".join(["Probes:", table(rows, style.width)]) if rows else ""


def verdict_words(probe: Probe) -> str:
    """The verdict as people read it."""
    return probe.verdict.replace("_", " ")
