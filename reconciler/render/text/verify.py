"""What Imgwire and DNS say of custom domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict, PublishState
from reconciler.model.domains import Present
from reconciler.model.hostnames import shown
from reconciler.model.report import Verdict
from reconciler.render.escape import escape_control
from reconciler.render.lookups import render_lookups, render_notes, render_publications, words
from reconciler.render.tables import aligned
from reconciler.render.text.parts import joined, records_to_publish, render_failure, unreadable

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.render.ink import Ink

_VERDICTS = {
    Verdict.READY: "green",
    Verdict.WAITING: "yellow",
    Verdict.STUCK: "red",
    Verdict.ABSENT: "red",
    Verdict.UNKNOWN: "red",
}


def render_verify(document: Document, ink: Ink) -> str:
    """One line for each environment: the verdict and why."""
    if document.plan is None:
        return render_failure(document, ink)
    waiting = {item.environment for item in document.verified if item.verdict in {Verdict.WAITING, Verdict.STUCK}}
    unseen = [item for item in document.records if item.environment in waiting and item.lookup is None]
    seen = [
        item
        for item in document.records
        if item.lookup and (item.environment in waiting or item.lookup.verdict != "ok")
    ]
    counts = ", ".join(
        f"{count} {verdict}"
        for verdict in Verdict
        if (count := sum(item.verdict is verdict for item in document.verified))
    )
    return joined(
        [
            verdicts(document, ink),
            records_to_publish(unseen, ink),
            render_lookups(seen, ink),
            render_notes(document.dns_notes, ink),
            f"Verified: {counts or 'no environment wants a custom domain'}.",
        ]
    )


def render_dns_check(document: Document, ink: Ink) -> str:
    """What DNS says of every record of every custom domain that is live."""
    if document.plan is None:
        return render_failure(document, ink)
    seen = [item.lookup for item in document.records if item.lookup is not None]
    counts = ", ".join(
        f"{count} {words(verdict)}"
        for verdict in DnsVerdict
        if (count := sum(item.verdict is verdict for item in seen))
    )
    return joined(
        [
            render_lookups(document.records, ink),
            render_notes(document.dns_notes, ink),
            unreadable(document.plan, ink),
            f"Looked up: {counts or 'nothing, no custom domain is live'}.",
        ]
    )


def render_dns_sync(document: Document, ink: Ink) -> str:
    """What was published, and what was not and why."""
    if document.plan is None:
        return render_failure(document, ink)
    states = [item.state for item in document.publications]
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state in PublishState if (count := states.count(state)))
    return joined(
        [
            render_publications(document.publications, ink),
            unreadable(document.plan, ink),
            f"Published: {counts or 'nothing, every record is there'}.",
        ]
    )


def verdicts(document: Document, ink: Ink, indent: str = "") -> str:
    """One line for each environment: the verdict and why."""
    rows = [
        (
            indent + ink(_VERDICTS[item.verdict], item.verdict),
            escape_control(item.environment),
            escape_control(shown(item.live.domain.hostname)) if isinstance(item.live, Present) else "-",
            escape_control(item.message),
        )
        for item in document.verified
    ]
    return aligned(rows, ink.width)
