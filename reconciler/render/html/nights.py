"""Earlier drift reports as columns of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.history import EarlierDrift, EarlierFinding
from reconciler.render.html.page import MAX_ALERTS, MAX_CARDS, Nights, Row, bounded
from reconciler.render.standing import kind_words

if TYPE_CHECKING:
    from reconciler.model.results import DriftResult


def nights(result: DriftResult) -> Nights | None:
    """The findings of now, and those that only earlier runs had, with what each run knew of them."""
    history = result.history
    if not history.runs and not history.skipped:
        return None
    now = EarlierDrift(
        "",
        {item.fingerprint: EarlierFinding(item.environment, item.kind) for item in result.findings},
        frozenset(item.name for item in result.plan.environments if not isinstance(item.live, Unreadable)),
    )
    runs = (now, *reversed(history.runs))
    every = {key: finding for run in reversed(runs) for key, finding in run.findings.items()}
    ordered = sorted(
        every.items(), key=lambda pair: (pair[0] not in now.findings, pair[1].environment, pair[1].kind, pair[0])
    )
    return Nights(
        (("now", ""), *(_date_and_time(run.created_at) for run in reversed(history.runs))),
        bounded(
            (
                Row(finding.environment, kind_words(finding.kind), tuple(_mark(run, key, finding) for run in runs))
                for key, finding in ordered
            ),
            MAX_CARDS,
        ),
        bounded(history.skipped, MAX_ALERTS),
    )


def readable_time(moment: str) -> str:
    """`2026-11-21 01:00 UTC`."""
    return f"{' '.join(_date_and_time(moment))} UTC"


def _date_and_time(moment: str) -> tuple[str, str]:
    return moment[:10], moment[11:16]


def _mark(run: EarlierDrift, fingerprint: str, finding: EarlierFinding) -> str:
    if fingerprint in run.findings:
        return "drift"
    return "-" if finding.environment in run.read else "?"
