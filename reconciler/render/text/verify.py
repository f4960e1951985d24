"""The results of `verify`, `dns check` and `dns sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict, PublishState
from reconciler.model.domains import Unreadable, domain_of
from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import CHANGING
from reconciler.model.report import Verdict
from reconciler.model.results import DnsCheckResult, PublishResult, VerifyResult
from reconciler.render.differences import hostname_lines
from reconciler.render.layout import columns, table
from reconciler.render.lookups import publish_verb, render_lookups, render_notes, render_publications, words
from reconciler.render.next_command import NextCommand
from reconciler.render.probes import render_probes
from reconciler.render.standing import HOSTNAME_DIFFERS, Standing, counted_standings, hostnames_of, of_verify, reason
from reconciler.render.text.sections import hints, joined, read_again, records_to_publish, render_failure, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.dns import LookupResult
    from reconciler.model.plan import Plan
    from reconciler.model.report import Record
    from reconciler.model.results import Report
    from reconciler.render.standing import Assessed
    from reconciler.render.style import Style


def render_verify(report: Report, style: Style) -> str:
    """One line for each environment: the verdict and why."""
    if not isinstance(report.content, VerifyResult):
        return render_failure(report, style)
    result = report.content
    assessed = of_verify(result)
    records = records_to_check(result)
    return joined(
        [
            verdicts(assessed, result.plan, style),
            records_to_publish([item for item in records if item.lookup is None], result.plan, style),
            render_lookups(records, style),
            render_notes(result.dns_notes, style),
            render_probes(result.probes, style),
            f"{verified_total(assessed)}.",
            hints(result.plan, report.diagnostics),
            next_to_ready(result, style),
        ]
    )


def verified_total(assessed: Assessed) -> str:
    """How many environments have which standing, worst first."""
    return (
        f"Verified: {counted_standings(standing for _, standing in assessed) or 'no environment wants a custom domain'}"
    )


def records_to_check(result: VerifyResult) -> list[Record]:
    """The records of the domains that still wait for them, and every other one that is not right in DNS."""
    waiting = {item.environment for item in result.verified if item.verdict in {Verdict.WAITING, Verdict.STUCK}}
    return [
        item
        for item in result.records
        if item.environment in waiting or (item.lookup is not None and item.lookup.verdict is not DnsVerdict.OK)
    ]


def render_dns_check(report: Report, style: Style) -> str:
    """The lookup of every record of every live custom domain."""
    if not isinstance(report.content, DnsCheckResult):
        return render_failure(report, style)
    result = report.content
    seen = [item.lookup for item in result.records if item.lookup is not None]
    counts = ", ".join(
        f"{count} {words(verdict)}"
        for verdict in DnsVerdict
        if (count := sum(item.verdict is verdict for item in seen))
    )
    return joined(
        [
            render_lookups(result.records, style),
            render_notes(result.dns_notes, style),
            unreadable(result.plan, style),
            f"Looked up: {counts or 'nothing, no custom domain is live'}.",
            next_of_lookups(seen, result.plan, style),
        ]
    )


def render_dns_sync(report: Report, style: Style) -> str:
    """What was published, and what was not and why."""
    if not isinstance(report.content, PublishResult):
        return render_failure(report, style)
    result = report.content
    states = [item.state for item in result.publications]
    counts = ", ".join(f"{count} {state.replace('_', ' ')}" for state in PublishState if (count := states.count(state)))
    return joined(
        [
            render_publications(result.publications, style),
            unreadable(result.plan, style),
            f"{'Deleted' if publish_verb(result.publications) == 'delete' else 'Published'}: "
            f"{counts or _nothing_published(result.plan)}.",
            _next_of_published(result, NextCommand(result.plan, style))
            if not report.failed and any(item.state is PublishState.DONE and item.after for item in result.publications)
            else "",
        ]
    )


def _next_of_published(result: PublishResult, next_command: NextCommand) -> str:
    """Of records ahead of their domain it is to create that."""
    changing = {item.name for item in result.plan.environments if item.action in CHANGING}
    if any(record.environment in changing for record in result.records):
        return f"Next: run `{next_command.line('apply')}`."
    return next_check(Verdict.WAITING, next_command)


def next_to_ready(result: VerifyResult, style: Style) -> str:
    """What to do first about the environments that are not ready; empty where all are."""
    next_command = NextCommand(result.plan, style)
    names: dict[Standing, set[str]] = {}
    for item, standing in of_verify(result):
        names.setdefault(standing, set()).add(item.environment)
    is_unread = names.pop(Standing.UNREADABLE, None) is not None
    first = _next_of_worst(result, names, next_command)
    return read_again("verify", next_command, first) if is_unread else first


def _next_of_worst(result: VerifyResult, names: Mapping[Standing, set[str]], next_command: NextCommand) -> str:
    match worst := next(iter(names), Standing.READY):
        case Standing.ABSENT | Standing.DIFFERENT | Standing.UNEXPECTED:
            return f"Next: run `{next_command.line('plan')}`, then apply."
        case Standing.NOT_SERVING | Standing.CERTIFICATE_WRONG:
            check, again = next_command.line("dns check"), next_command.line("verify --probe")
            return f"Next: compare the DNS records with `{check}`. Then run `{again}` again."
        case Standing.NOT_PROBED:
            return f"Next: run `{next_command.line('verify --probe')}` again."
        case Standing.STUCK | Standing.WAITING:
            lookups = [item.lookup for item in records_to_check(result) if item.environment in names[worst]]
            # Without a lookup: the records of a domain that waits are to be published, those of a failed one may be there.
            if any(worst is Standing.WAITING if item is None else item.bad for item in lookups):
                publish = publishing_with(next_command, result.plan)
                return f"Next: publish the records shown{publish}, then run `{next_command.line('verify --wait 15m')}`."
            return next_check(Verdict[worst.name], next_command)
        case _:
            return ""


def next_check(verdict: Verdict, next_command: NextCommand) -> str:
    """What to do about environments that are stuck, or waiting although their records are published."""
    if verdict is Verdict.STUCK:
        return (
            f"Next: compare the DNS records with `{next_command.line('dns check')}`. "
            f"Then run `{next_command.line('verify')}`: Imgwire checks the failed domains again."
        )
    return f"Next: run `{next_command.line('verify --wait 15m')}`."


def next_of_lookups(results: Iterable[LookupResult], plan: Plan, style: Style) -> str:
    """What to do about records that are missing or wrong, or environments that could not be read."""
    next_command = NextCommand(plan, style)
    again = f"run `{next_command.line('dns check')}` again"
    later = " once every environment can be read" if plan.unreadable else ""
    if any(item.bad for item in results):
        return f"Next: publish the records shown{publishing_with(next_command, plan)}, then {again}{later}."
    return f"Next: {again}{later}." if later else ""


def publishing_with(next_command: NextCommand, plan: Plan) -> str:
    """The command that publishes DNS records, in brackets. The records of an emulator are in no zone."""
    if plan.api_url == EMULATOR_API_URL:
        return ""
    return f" (or run `{next_command.line('dns sync')}`, which needs an octoDNS configuration)"


def _nothing_published(plan: Plan) -> str:
    """Why there was nothing to publish."""
    desired = [item for item in plan.environments if item.environment.hostname is not None]
    if any(item.before == item.environment.hostname for item in desired):
        return "nothing, every record is there"
    if any(isinstance(item.live, Unreadable) for item in desired):
        return "nothing, no environment with a desired hostname could be read"
    if any(item.before is not None for item in desired):
        return "nothing, no custom domain is live as desired: run apply first"
    return "nothing, no custom domain is live: run apply first" if desired else "nothing, no custom domain is desired"


def verdicts(assessed: Assessed, plan: Plan, style: Style, indent: str = "") -> str:
    """One line for each environment, worst first: its standing and why. What differs from the manifest is shown as `drift`
    does. The reasons are beside the hostnames, or below all of them."""
    listed, folded = style.folded(assessed, lambda pair: pair[1] is Standing.READY)
    hostnames = hostnames_of((item for item, _ in assessed), plan)
    desired = {item.name: item.environment.hostname for item in plan.environments}
    rows, below = [], []
    for item, standing in listed:
        differs = standing in HOSTNAME_DIFFERS
        hostname = "" if differs else display_hostname(hostnames[item.environment] or "-")
        why = "" if differs else reason(item, standing, desired.get(item.environment))
        row = (style(standing.colour, standing.words), escape_control(item.environment), escape_control(hostname))
        rows.append((indent + row[0], *row[1:], escape_control(why)))
        live = domain_of(item.live)
        lines = hostname_lines(live.hostname if live else None, desired.get(item.environment), style) if differs else ()
        below.append([indent + line for line in lines])
    if style.width is not None and max(map(columns, table(rows, None).split("\n")), default=0) > style.width:
        below = [
            lines or ([f"{indent}    {row[-1]}"] if row[-1] else []) for row, lines in zip(rows, below, strict=True)
        ]
        rows = [(*row[:-1], "") for row in rows]
    return "\n".join(part for part in (table(rows, style.width, below=below), folded) if part)
