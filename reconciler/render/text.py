"""Plans and reports for people at a terminal or in a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict, PublishState
from reconciler.model.domains import Present, Unreadable
from reconciler.model.hostnames import shown
from reconciler.model.plan import Action, Plan
from reconciler.model.report import StepState, Verdict
from reconciler.render.diagnostics import render_text as render_diagnostics
from reconciler.render.looked import render_looked, render_notes, render_publications, words
from reconciler.render.safe import safe
from reconciler.render.tables import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.document import Document
    from reconciler.model.plan import Planned
    from reconciler.model.report import Applied, Record
    from reconciler.render.ink import Ink

_SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.VERIFY: ("?", "cyan"),
    Action.UNREADABLE: ("!", "red"),
}
_MARKS = {
    StepState.DONE: ("done", "green"),
    StepState.FAILED: ("failed", "red"),
    StepState.SKIPPED: ("skipped", "yellow"),
    StepState.NOT_STARTED: ("not started", "yellow"),
}
_VERDICTS = {
    Verdict.READY: "green",
    Verdict.WAITING: "yellow",
    Verdict.STUCK: "red",
    Verdict.ABSENT: "red",
    Verdict.UNKNOWN: "red",
}


def render_plan(document: Document, ink: Ink) -> str:
    """What apply would do: each change, each interruption by name, what blocks it, and the numbers."""
    if document.plan is None:
        return render_failure(document, ink)
    return _joined(
        [
            _actions(document.plan, ink),
            _moves(document.plan),
            _interruptions(document, ink),
            _blocks(document, ink),
            _totals(document, ink),
        ]
    )


def render_apply(document: Document, ink: Ink) -> str:
    """What was done, what was not and why, what now serves no traffic, and the records to publish."""
    if document.plan is None or document.applied is None:
        told = _blocks(document, ink) if len(document.blocks) > 1 else ""
        return _joined([told, render_failure(document, ink)])
    return _joined(
        [
            _steps(document.plan, document.applied, ink),
            _unreadable(document.plan, ink),
            _restored(document.applied, ink),
            _unserved(document.applied, ink),
            _records(document.records, ink),
            _waited(document, ink),
            render_looked(document.records, ink),
            render_notes(document.dns_notes, ink),
            _done(document, ink),
        ]
    )


def _verdicts(document: Document, ink: Ink, indent: str = "") -> str:
    rows = [
        (
            indent + ink(_VERDICTS[item.verdict], item.verdict),
            safe(item.environment),
            safe(shown(item.live.domain.hostname)) if isinstance(item.live, Present) else "-",
            safe(item.message),
        )
        for item in document.verified
    ]
    return aligned(rows, ink.width)


def _waited(document: Document, ink: Ink) -> str:
    return _section("After waiting", [_verdicts(document, ink, "  ")] if document.verified else [])


def render_verify(document: Document, ink: Ink) -> str:
    """One line for each environment: the verdict and why."""
    if document.plan is None:
        return render_failure(document, ink)
    waiting = {item.environment for item in document.verified if item.verdict in {Verdict.WAITING, Verdict.STUCK}}
    unseen = [item for item in document.records if item.environment in waiting and item.seen is None]
    seen = [
        item for item in document.records if item.seen and (item.environment in waiting or item.seen.verdict != "ok")
    ]
    counts = ", ".join(
        f"{count} {verdict}"
        for verdict in Verdict
        if (count := sum(item.verdict is verdict for item in document.verified))
    )
    return _joined(
        [
            _verdicts(document, ink),
            _records(unseen, ink),
            render_looked(seen, ink),
            render_notes(document.dns_notes, ink),
            f"Verified: {counts or 'no environment wants a custom domain'}.",
        ]
    )


def render_dns_check(document: Document, ink: Ink) -> str:
    """What DNS says of every record of every custom domain that is live."""
    if document.plan is None:
        return render_failure(document, ink)
    seen = [item.seen for item in document.records if item.seen is not None]
    counts = ", ".join(
        f"{count} {words(verdict)}"
        for verdict in DnsVerdict
        if (count := sum(item.verdict is verdict for item in seen))
    )
    return _joined(
        [
            render_looked(document.records, ink),
            render_notes(document.dns_notes, ink),
            _unreadable(document.plan, ink),
            f"Looked up: {counts or 'nothing, no custom domain is live'}.",
        ]
    )


def render_dns_sync(document: Document, ink: Ink) -> str:
    """What was published, and what was not and why."""
    if document.plan is None:
        return render_failure(document, ink)
    states = [item.state for item in document.publications]
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state in PublishState if (count := states.count(state)))
    return _joined(
        [
            render_publications(document.publications, ink),
            _unreadable(document.plan, ink),
            f"Published: {counts or 'nothing, every record is there'}.",
        ]
    )


def render_status(document: Document, ink: Ink) -> str:
    """The live state of each environment, beside what the manifest wants."""
    if document.plan is None:
        return render_failure(document, ink)
    rows = [tuple(ink("bold", title) for title in ("ENVIRONMENT", "STATUS", "CERTIFICATE", "HOSTNAME"))]
    for item in document.plan.items:
        match item.live:
            case Present(domain):
                state = (domain.status, domain.certificate_status, f"{shown(domain.hostname)}{_note(item)}")
            case Unreadable(error):
                state = ("unreadable", "-", error.message)
            case _:
                state = ("absent", "-", f"-{_note(item)}")
        rows.append((safe(item.name), *(safe(part) for part in state)))
    return _joined([aligned(rows, ink.width)])


def render_drift(document: Document, ink: Ink) -> str:
    """What differs from the manifest, or the word that nothing does."""
    if document.plan is None or document.message:
        return render_failure(document, ink)
    rows = [
        (ink("yellow" if item.counts else "dim", item.kind), safe(item.environment), safe(item.sentence))
        for item in document.findings
    ]
    return _joined([aligned(rows, ink.width), _unreadable(document.plan, ink), drift_total(document)])


def drift_total(document: Document) -> str:
    """How many environments drifted and how many could not be read, in sentences."""
    plan = document.plan
    total, unreadable = (len(plan.items), len(plan.unreadable)) if plan else (0, 0)
    drifted = len({item.environment for item in document.findings if item.counts})
    in_total = f"{total} environment{'s' * (total != 1)}"
    if drifted:
        told = f"{drifted} of {in_total} drifted."
    else:
        told = f"No drift in {total - unreadable} of {in_total}." if unreadable else f"No drift in {in_total}."
    if unreadable:
        told += f" {unreadable} could not be read."
    if not all(item.counts for item in document.findings):
        told += " Health is no part of this verdict; --health makes it one."
    return told


def render_import(document: Document, ink: Ink) -> str:
    """The manifest that was made, to be kept as it is."""
    return render_failure(document, ink) if document.plan is None else document.manifest or ""


def render_validate(document: Document, ink: Ink) -> str:
    """Every problem with its place, or the word that there is none."""
    listed = render_diagnostics(document.diagnostics, colour=ink.colour).rstrip("\n")
    return _joined([listed, safe(document.message or "")])


def _note(item: Planned) -> str:
    wanted = item.environment.hostname
    return f" (wanted: {shown(wanted) if wanted else 'none'})" if item.changes else ""


def _actions(plan: Plan, ink: Ink) -> str:
    rows = []
    for item in plan.items:
        if item.action is Action.NONE:
            continue
        sign, style = _SIGNS[item.action]
        rows.append((f"  {ink(style, f'{sign} {item.action}')}", safe(item.name), safe(_detail(item))))
    return aligned(rows, ink.width)


def _detail(item: Planned) -> str:
    wanted = shown(item.environment.hostname or "")
    match item.live:
        case Unreadable(error):
            return error.message
        case Present(domain) if item.action is Action.VERIFY:
            return f"{shown(domain.hostname)} (status {domain.status}, certificate {domain.certificate_status})"
        case Present(domain) if item.action is Action.REPLACE:
            return f"{shown(domain.hostname)} -> {wanted} ({domain.status}, deleted and created anew)"
        case Present(domain):
            return f"{shown(domain.hostname)} ({domain.status})"
        case _:
            return wanted


def _moves(plan: Plan) -> str:
    lines = [f"  {safe(shown(move.hostname))}: {safe(move.source)} -> {safe(move.target)}" for move in plan.moves]
    return _section("Moves", lines)


def _interruptions(document: Document, ink: Ink) -> str:
    if document.plan is None or not document.plan.interruptions:
        return ""
    lines = []
    for item in document.plan.interruptions:
        until = f"until {safe(item.until)} finds it connected" if item.until else "for good"
        lines.append(f"  {safe(shown(item.hostname))} stops being served with {safe(item.from_step)}, {until}")
    return _section(ink("yellow", f"Interruptions ({len(lines)}, allowed {document.max_interruptions})"), lines)


def _blocks(document: Document, ink: Ink) -> str:
    lines = []
    for block in document.blocks:
        lines.append(f"  {ink('red', block.code)}: {safe(block.message)}")
        if block.override:
            lines.append(f"    to go ahead all the same: {safe(block.override)}")
    return _section(ink("red", "Apply will refuse this plan"), lines)


def _totals(document: Document, ink: Ink) -> str:
    assert document.plan is not None  # noqa: S101 - the caller has looked
    count = document.plan.summary()
    if not document.plan.steps:
        return _nothing_to_do(document.plan, ink)
    parts = [f"{count[key]} to {key}" for key in ("create", "delete", "replace", "verify") if count[key]]
    parts += [f"{count[key]} {key}" for key in ("unchanged", "unreadable") if count[key]]
    steps = f"{count['steps']} {'step' if count['steps'] == 1 else 'steps'}, {count['writes']} of them changes"
    lines = [f"Plan: {', '.join(parts)}. {steps}."]
    if document.digest and document.plan.writes:
        lines.append(f"Digest: {document.digest}")
    return "\n".join(lines)


def _nothing_to_do(plan: Plan, ink: Ink) -> str:
    total = len(plan.items)
    readable = total - len(plan.unreadable)
    if readable == total:
        return ink("green", f"In sync: nothing to do in {total} environment{'s' * (total != 1)}.")
    return f"Nothing to do in {readable} of {total} environments; the others could not be read."


def _steps(plan: Plan, applied: Applied, ink: Ink) -> str:
    rows = []
    earlier = {step.id for step in plan.done}
    for step in plan.steps:
        result = applied.results[step.id]
        word, style = _MARKS[result.state]
        told = "by an earlier run" if step.id in earlier else ""
        if result.error is not None:
            told = result.error.message
        elif result.domain is not None:
            told = f"status {result.domain.status}, certificate {result.domain.certificate_status}"
        rows.append((f"  {ink(style, word)}", step.op, safe(step.environment), safe(shown(step.hostname)), safe(told)))
    return aligned(rows, ink.width)


def _unreadable(plan: Plan, ink: Ink) -> str:
    lines = [
        f"  {safe(item.name)}: {safe(item.live.error.message)}"
        for item in plan.items
        if isinstance(item.live, Unreadable)
    ]
    return _section(ink("red", "Could not be read"), lines)


def _restored(applied: Applied, ink: Ink) -> str:
    lines = [f"  {safe(shown(item.hostname))} in {safe(item.environment)}" for item in applied.restored]
    return _section(ink("yellow", "Put back, because what should have followed the delete failed"), lines)


def _unserved(applied: Applied, ink: Ink) -> str:
    lines = [f"  {safe(shown(item.hostname))}, since {safe(item.since)}" for item in applied.unserved]
    if lines:
        lines.append("  Run the same apply again: it continues from what is live.")
    return _section(ink("red", "Serves no traffic now"), lines)


def _records(records: Iterable[Record], ink: Ink) -> str:
    rows = [(f"  {item.purpose}", f"{safe(item.name)}.", "CNAME", f"{safe(item.value)}.") for item in records]
    return _section("DNS records to publish", [aligned(rows, ink.width)] if rows else [])


def _done(document: Document, ink: Ink) -> str:
    assert document.applied is not None  # noqa: S101 - the caller has looked
    assert document.plan is not None  # noqa: S101
    states = [result.state for result in document.applied.results.values()]
    if not states:
        return _nothing_to_do(document.plan, ink)
    counted = ", ".join(f"{count} {_MARKS[state][0]}" for state in StepState if (count := states.count(state)))
    lines = [f"Applied: {counted}."]
    hints = {result.error.hint for result in document.applied.results.values() if result.error and result.error.hint}
    lines += [f"hint: {safe(hint)}" for hint in sorted(hints)]
    return "\n".join(lines)


def render_failure(document: Document, ink: Ink) -> str:
    """Why a run ended before it had anything to show: diagnostics, the error, what to do next."""
    parts: list[str] = []
    if document.diagnostics:
        parts.append(render_diagnostics(document.diagnostics, colour=ink.colour).rstrip("\n"))
    if document.message:
        parts.append(f"{ink('red', 'error')}: {safe(document.message)}")
    if document.hint:
        parts.append(_hint(document.hint))
    return _joined(parts)


def _hint(text: str) -> str:
    """Further lines, such as commands to choose from, stand under the first."""
    first, *more = text.splitlines()
    return "\n".join([f"hint: {safe(first)}", *(f"      {safe(line)}" for line in more)])


def _section(title: str, lines: list[str]) -> str:
    return "\n".join([f"{title}:", *lines]) if lines else ""


def _joined(parts: Iterable[str]) -> str:
    text = "\n\n".join(part for part in parts if part)
    return text + "\n" if text else ""
