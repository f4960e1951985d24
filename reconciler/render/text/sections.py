"""The parts that several texts share: titles, failures, blocks, environments that could not be read, DNS records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.errors import KeyUnusable
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.listing import first_of, names_of
from reconciler.model.plan import IDENTITY_CODES, override_label
from reconciler.model.results import DriftResult, PlanResult, PublishResult, VerifyResult
from reconciler.model.steps import step_name
from reconciler.render.diagnostics import render_text as render_diagnostics
from reconciler.render.diagnostics import render_total
from reconciler.render.dns import record_lines
from reconciler.render.layout import wrap
from reconciler.render.next_command import NextCommand
from reconciler.render.standing import Standing, mistaken_environments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.domains import Live
    from reconciler.model.plan import Block, EnvironmentPlan, Plan
    from reconciler.model.proposal import Proposal
    from reconciler.model.report import Record, Unserved
    from reconciler.model.results import Report
    from reconciler.render.style import Style


GIVEN_UP = "Remove the DNS records of a hostname that you give up: while they point to Imgwire, anyone can claim it."
"""Below hostnames that serve no traffic."""

UNFINISHED = "The run has not ended, or was killed: a step that is not started here may have begun."
"""For the content of a receipt whose outcome is `running`."""


NO_KEY = "no usable key"
_FEW = 3  # environments without a key, each on a line


def render_failure(report: Report, style: Style) -> str:
    """Why a run ended before it had anything to show: diagnostics, the error, what to do next."""
    parts: list[str] = [_stale(report.failed.blocks, style)] if report.failed else []
    parts.append(unserved(report.unserved, style))
    if isinstance(report.content, DriftResult | VerifyResult):
        parts.append("\n".join(mistaken_rows(report.content, style)))
    if report.diagnostics:
        parts += [render_diagnostics(report.diagnostics, style).rstrip("\n"), render_total(report.diagnostics)]
    if not report.message_has_place:
        error = [f"{style('red', 'error')}: {escape_control(report.message)}"] if report.message else []
        parts.append("\n".join([*error, *([_hint(report.hint)] if report.hint else [])]))
    return joined(parts)


def render_end(report: Report, style: Style) -> str:
    """The same below what was printed while the run went on: diagnostics that came before a failure, or a plan."""
    failed = report.failed
    to_print = failed is None or failed.message is None or report.message_has_place
    printed = report if to_print else replace(report, diagnostics=())
    below_a_plan = failed is not None and isinstance(failed.so_far, PlanResult | PublishResult)
    return ("\n" if below_a_plan else "") + render_failure(printed, style)


def _stale(found: Iterable[Block], style: Style) -> str:
    """How a saved plan differs from the manifest and live. What would be planned now is not shown: it was not approved."""
    lines = [f"  {escape_control(block.message)}" for block in found if block.code == "stale_plan"]
    if len(lines) == 1:  # the error says it
        return f"{style('yellow', 'Saved plan (stale)')}: 1 difference."
    return section(style("yellow", "Saved plan (stale)"), lines)


def _hint(text: str) -> str:
    """Further lines, such as commands to choose from, go under the first."""
    first, *more = text.splitlines()
    return "\n".join([f"hint: {escape_control(first)}", *(f"      {escape_control(line)}" for line in more)])


def blocks(found: Iterable[Block], style: Style) -> str:
    """What apply refuses, with the option that lifts it, or what to correct."""
    lines: list[str] = []
    for block in found:
        message = f"{block.code}: {escape_control(block.message)}"
        lines += wrap(message, style.width, first=f"{style('red', 'BLOCKED')}  ", rest=" " * 9)
        if block.fix:
            lines += wrap(f"Next: {block.fix}", style.width, first=" " * 9)
        if block.override:
            option = f"{override_label([block])}: {escape_control(block.override)}"
            lines += wrap(option, style.width, first=" " * 9)
    return "\n".join(lines)


def mistaken_rows(content: DriftResult | VerifyResult, style: Style) -> Iterator[str]:
    """A row for each environment whose key opens the Environment of another one."""
    mistaken_names = mistaken_environments(content.blocks, content.plan)
    for item in content.plan.environments:
        if item.name in mistaken_names:
            yield standing_row(Standing.MISTAKEN, item, style, escape_control(display_hostname(item.before or "")))


def standing_row(standing: Standing, item: EnvironmentPlan, style: Style, *more: str) -> str:
    """The standing, the environment and where its hostname is written."""
    span = item.environment.span
    first = style(standing.colour, f"{standing.words}  {escape_control(item.name)}")
    place = f"{escape_control(span.file)}:{span.line}" if span else ""
    return "  ".join(part for part in (first, place, *more) if part)


def mistaken(found: Iterable[Block], style: Style) -> str:
    """The errors about keys that open the Environment of another environment."""
    lines = [
        f"{style('red', 'error')}: {escape_control(item.message)}" for item in found if item.code in IDENTITY_CODES
    ]
    return "\n".join(lines)


def next_of_mistaken(found: Iterable[Block]) -> str:
    """What to do about them; empty where there are none."""
    fixes = dict.fromkeys(item.fix for item in found if item.code in IDENTITY_CODES and item.fix)
    return f"Next: {'; '.join(fixes)}." if fixes else ""


def without_keys(plan: Plan) -> dict[str, str]:
    """Many environments without a usable key, by name, each with one text for all: the diagnostics have a line for each."""
    names = [item.name for item in plan.environments if _lacks_key(item.live)]
    return dict.fromkeys(names, names_of(map(escape_control, names))) if len(names) > _FEW else {}


def _lacks_key(live: Live) -> bool:
    return isinstance(live, Unreadable) and live.error.kind == KeyUnusable.kind


def unreadable(plan: Plan, style: Style) -> str:
    """The environments that could not be read, and why."""
    keyless = without_keys(plan)
    lines = [
        f"  {escape_control(item.name)}: {escape_control(item.live.error.message)}"
        for item in plan.environments
        if isinstance(item.live, Unreadable) and item.name not in keyless
    ]
    lines += (f"  {names}: {NO_KEY}" for names in dict.fromkeys(keyless.values()))
    return section(style("red", "Could not be read"), lines)


def unserved(items: Iterable[Unserved], style: Style) -> str:
    """The hostnames that no environment is known to have any more, and since when."""
    lines: dict[str, list[str]] = {}
    for item in items:
        since = escape_control(f"{display_hostname(item.hostname)}, since {step_name(item.since)}{item.earlier_run}")
        lines.setdefault(item.state.capitalize(), []).append(f"  {since}")
    parts = [section(style("red", title), found) for title, found in lines.items()]
    return "\n\n".join(parts) + (f"\n  {GIVEN_UP}" if parts else "")


def nothing_to_do(plan: Plan, style: Style) -> str:
    """The summary of a plan without steps."""
    total = len(plan.environments)
    readable = total - len(plan.unreadable)
    if left := sum(item.reason == "not_in_plan" for item in plan.environments):
        return f"Nothing to do for the saved plan; it has no steps for {left} of {counted(total, 'environment')}."
    if readable == total:
        return style("green", f"In sync: nothing to do in {counted(total, 'environment')}.")
    if not readable:
        return style("red", f"{total} of {counted(total, 'environment')} could not be read.")
    return f"Nothing to do in {readable} of {counted(total, 'environment')}; the others could not be read."


def hints(plan: Plan, diagnostics: Iterable[Diagnostic] = ()) -> str:
    """What to do about environments that could not be read, once for each kind of error. A diagnostic has its own hint, and is
    enough where another environment could be read."""
    answered = len(plan.unreadable) < len(plan.environments)
    known = {item.environment for item in diagnostics if item.environment}
    known = known if answered else set()
    found = dict.fromkeys(
        item.live.error.hint_beside(others_answered=answered)
        for item in plan.environments
        if isinstance(item.live, Unreadable) and item.name not in known
    )
    return "\n".join(f"hint: {escape_control(hint)}" for hint in found if hint)


def unchecked_pins(proposal: Proposal) -> str:
    """That the pins of some environments are checked only after their create; empty where there are none. Not escaped."""
    names = proposal.plan.unchecked_pins
    if not names or proposal.offline:
        return ""
    listed = first_of(f"`{name}`" for name in names)
    one = len(names) == 1
    return (
        f"{'The pin' if one else 'The pins'} of {listed} {'is' if one else 'are'} checked only after the create: "
        f"{'its key opens' if one else 'their keys open'} an Environment without a custom domain."
    )


def unpinned_moves(proposal: Proposal) -> str:
    """That no pin shows whether the keys of two environments were exchanged; empty without moves between such. Not escaped."""
    pinned = {item.name for item in proposal.plan.environments if item.environment.environment_id}
    moving = {name for move in proposal.plan.moves for name in (move.source, move.target)}
    names = sorted(moving - pinned)
    if len(names) < 2 or proposal.offline:
        return ""
    return f"{names_of(names, 5)} have no `environment_id`: if their keys were exchanged, the plan would show such moves too."


def left_unread(proposal: Proposal) -> str:
    """That apply goes ahead without the environments that could not be read; empty where it has nothing to write, or does not."""
    unread = len(proposal.plan.unreadable)
    if not unread or not proposal.plan.writes or proposal.blocks or proposal.offline:
        return ""
    return f"{counted(unread, 'environment')} could not be read: apply goes ahead without {'it' if unread == 1 else 'them'}."


def read_again(command: str, next_command: NextCommand, first: str = "") -> str:
    """What to do below the hints about environments that could not be read, after the next step for the others, if any."""
    start = f"{first} Then" if first else "Next:"
    return f"{start} run `{next_command.line(command)}` again once every environment can be read."


def records_to_publish(records: Sequence[Record], plan: Plan, style: Style) -> str:
    """The CNAMEs that Imgwire needs, and the command that prints them for a zone file."""
    command = escape_control(NextCommand(plan, style).line("dns show --format bind"))
    lines = [*record_lines(records, style.width), f"  As zone file lines: `{command}`"] if records else []
    return section("DNS records to publish", lines)


def counted(count: int, noun: str) -> str:
    """`1 environment`, `2 environments`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def section(title: str, lines: list[str]) -> str:
    """A title over indented lines; nothing without lines."""
    return "\n".join([f"{title}:", *lines]) if lines else ""


def joined(parts: Iterable[str]) -> str:
    """The parts that are not empty, a blank line between them."""
    text = "\n\n".join(part for part in parts if part)
    return text + "\n" if text else ""
