"""Parts that the comments of plans and of reports share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import override_label
from reconciler.model.steps import step_name
from reconciler.render.markup import Lines, alert, assemble, bullets, code, prose
from reconciler.render.text.sections import GIVEN_UP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Unserved
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def marker(report: Report, style: Style) -> str:
    """Hidden in the first line, so that a pipeline finds its earlier comment."""
    key = f":{style.comment_key}" if style.comment_key else ""
    return f"<!-- imgwire-reconciler:{report.command or 'reconciler'}{key} -->"


def failure(report: Report, style: Style) -> str:
    """The whole comment of a run that has nothing else to show."""
    return assemble(
        [
            marker(report, style),
            f"### Imgwire {report.command or 'reconciler'}: failed",
            why(report),
            unserved(report.unserved),
            problems(report),
        ]
    )


def why(report: Report) -> str:
    """What went wrong and what to do about it, as paragraphs."""
    lines = [report.message or "", *(report.hint or "").splitlines()]
    return "\n\n".join(prose(line.strip()) for line in lines if line.strip())


def problems(report: Report) -> Lines:
    """The diagnostics, one line each."""
    lines = [
        (f"{code(f'{item.span.file}:{item.span.line}:{item.span.column}')} " if item.span else "")
        + f"{item.severity.value} {code(item.code)}: {prose(item.message)}"
        + (f" ({prose(item.hint)})" if item.hint else "")
        for item in report.diagnostics
    ]
    return bullets("Problems", lines)


def unreadable(plan: Plan) -> Lines:
    """The environments that could not be read, and why: what is below does not count them."""
    lines = [
        f"{code(item.name)} could not be read: {prose(item.live.error.message)}"
        for item in plan.environments
        if isinstance(item.live, Unreadable)
    ]
    return alert("WARNING", lines)


def hints(plan: Plan) -> list[str]:
    """What to do about environments that could not be read, once for each kind of error."""
    answered = len(plan.unreadable) < len(plan.environments)
    found = dict.fromkeys(live.error.hint_beside(others_answered=answered) for live in plan.unreadable)
    return [prose(f"Hint: {hint}") for hint in found if hint]


def unserved(items: Iterable[Unserved]) -> Lines:
    """The hostnames that no environment has any more, and since when."""
    lines = [
        f"{host(item.hostname)} {item.state}, since {code(step_name(item.since))}{prose(item.earlier_run)}"
        for item in items
    ]
    return alert("CAUTION", [*lines, *([GIVEN_UP] if lines else [])])


def host(hostname: str | None) -> str:
    """The hostname as people read it."""
    return code(None if hostname is None else display_hostname(hostname))


def blocked(found: Iterable[Block]) -> Lines:
    """What apply refuses, with the option that lifts it, or what to correct."""
    return alert("CAUTION", map(_block, found))


def _block(block: Block) -> str:
    advice = f". Next: {prose(block.fix)}" if block.fix else ""
    option = f". {override_label([block])}: {code(block.override)}" if block.override else ""
    return f"**blocked** ({code(block.code)}): {prose(block.message)}{advice}{option}"
