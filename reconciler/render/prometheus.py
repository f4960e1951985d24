"""What a look for drift found, as gauges in the text exposition format of Prometheus (0.0.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable, domain_of
from reconciler.model.escape import escape_control
from reconciler.model.results import DriftResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.probe import Probe
    from reconciler.model.results import Report
    from reconciler.render.style import Style

    Sample = tuple[dict[str, str], int]


def render_drift(report: Report, _style: Style) -> str:
    """The exit code, what is known of each environment, and a gauge of 1 for each finding. No sample has a time.

    An environment that could not be read has neither `drifted` nor `ready`: unknown is not in order. After a run that
    failed there is the exit code only.
    """
    drift = report.result if isinstance(report.result, DriftResult) else None
    items, findings = (drift.plan.environments, drift.findings) if drift else ((), ())
    known = [item for item in items if not isinstance(item.live, Unreadable)]
    drifted = {finding.environment for finding in findings if finding.counts}
    return "".join(
        [
            _gauge(
                "imgwire_drift_exit_code",
                "How the run ended: 0 without drift, 2 with drift, 4 if a probed hostname does not serve, else an error.",
                [({}, int(report.conclusion.exit_code))],
            ),
            _gauge(
                "imgwire_environment_readable",
                "Whether the environment could be read.",
                ((_named(item), int(not isinstance(item.live, Unreadable))) for item in items),
            ),
            _gauge(
                "imgwire_environment_drifted",
                "Whether the environment has a finding that counts.",
                ((_named(item), int(item.name in drifted)) for item in known),
            ),
            _gauge(
                "imgwire_environment_ready",
                "Whether the desired hostname is live with status CONNECTED and certificate ACTIVE.",
                (
                    ({**_named(item), "hostname": item.environment.hostname}, int(_ready(item)))
                    for item in known
                    if item.environment.hostname is not None
                ),
            ),
            _gauge(
                "imgwire_drift_finding",
                "1 for each thing that drifted. `counts` is false for what does not count in the verdict.",
                (
                    (
                        {
                            "environment": item.environment,
                            "kind": item.kind.value,
                            "hostname": item.hostname or "",
                            "cause": item.cause.value if item.cause else "",
                            "counts": str(item.counts).lower(),
                            "fingerprint": item.fingerprint,
                        },
                        1,
                    )
                    for item in findings
                ),
            ),
            _expiry(drift.probes if drift else ()),
        ]
    )


def _expiry(probes: Iterable[Probe]) -> str:
    """Only where a certificate was seen: without probes there is no such metric."""
    samples: list[Sample] = [
        ({"environment": probe.environment, "hostname": probe.hostname}, probe.expires)
        for probe in probes
        if probe.expires is not None
    ]
    help_ = "When the certificate that the hostname serves expires, in seconds since the epoch."
    return _gauge("imgwire_certificate_expiry_timestamp_seconds", help_, samples) if samples else ""


def _named(item: EnvironmentPlan) -> dict[str, str]:
    return {"environment": item.name}


def _ready(item: EnvironmentPlan) -> bool:
    domain = domain_of(item.live)
    return domain is not None and domain.ready and domain.hostname == item.environment.hostname


def _gauge(name: str, help_: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP {name} {help_}", f"# TYPE {name} gauge"]
    lines += [f"{name}{_labels(labels)} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}" if labels else ""


def _escaped(text: str) -> str:
    return escape_control(text).replace("\\", "\\\\").replace('"', '\\"')
