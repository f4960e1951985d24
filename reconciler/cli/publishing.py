"""`dns sync`: what would be published is shown, asked for and done."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

from reconciler.cli.again import command_again
from reconciler.cli.consent import answer_is_yes, can_ask
from reconciler.cli.failure import Failure
from reconciler.cli.looking import INSTALL
from reconciler.cli.output import ink_for
from reconciler.model.dns import PublishState
from reconciler.model.exit_codes import ExitCode
from reconciler.planning.outcome import of_publishing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.session import Session
    from reconciler.model.dns import Publication, ZoneChange
    from reconciler.model.document import Document
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Record


def publish(
    session: Session,
    config: str,
    plan: Plan,
    blocks: Sequence[Block],
    records: Sequence[Record],
    *,
    auto_approve: bool,
    allow_zone_rewrite: bool,
) -> Document:
    """Publish the records of what is live as desired, and nothing else. Raises Failure."""
    if importlib.util.find_spec("octodns") is None:
        raise Failure(ExitCode.ERROR, "dns_missing", "dns sync needs octoDNS, which is not installed", INSTALL)
    from reconciler.dns.octodns_config import ConfigError
    from reconciler.dns.publishing import Publisher
    from reconciler.planning.guards import MISTAKEN_CODES

    for block in blocks:
        if block.code in MISTAKEN_CODES:
            raise Failure(ExitCode.REFUSED, block.code, block.message, plan=plan, blocks=tuple(blocks))
    live = {item.name for item in plan.items if item.before is not None and item.before == item.environment.hostname}
    ours = tuple(record for record in records if record.environment in live)
    try:
        publisher = Publisher(config, allow_zone_rewrite=allow_zone_rewrite)
    except ConfigError as error:
        raise Failure(
            ExitCode.DATA, "invalid_config", str(error), "see the octoDNS documentation for the form of this file"
        ) from None
    if publisher.ignored:
        session.log.say("warning", f"{config}: dns sync ignores {', '.join(f'`{name}`' for name in publisher.ignored)}")
    prepared = publisher.prepare(ours)
    publications = prepared.publications
    planned = [item for item in publications if item.state is PublishState.PLANNED]
    if not planned:
        return _document(session, plan, ours, publications)
    _show(session, publications)
    if not auto_approve and (refusal := _refusal(len(planned))):
        message, hint = refusal
        return session.document(
            ExitCode.REFUSED,
            "no_consent",
            message=message,
            hint=hint,
            plan=plan,
            records=ours,
            publications=publications,
        )
    published = publisher.apply(prepared, lambda item: _log(session, item))
    for change in published.changes:
        session.log.say("error", f"{change.target}: another record changed while publishing: {change}")
    return _document(session, plan, ours, published.publications, published.changes, interrupted=published.interrupted)


def _document(
    session: Session,
    plan: Plan,
    records: Sequence[Record],
    publications: Sequence[Publication],
    changes: Sequence[ZoneChange] = (),
    *,
    interrupted: bool = False,
) -> Document:
    """The document of a run that has come to its end."""
    code, reason = of_publishing(plan, publications, bool(changes))
    if interrupted:
        code, reason = ExitCode.PARTIAL, "interrupted"
    if not publications:
        reason = "unreadable" if code else "in_sync"
    errors = dict.fromkeys(item.error for item in publications if item.error)
    message = "; ".join(errors) or None
    hint = None
    if changes:
        message = "other records changed while publishing: " + "; ".join(map(str, changes))
        hint = "restore them at the provider, then check who or what changed them"
    elif any(item.state is PublishState.REFUSED for item in publications) and code is ExitCode.REFUSED:
        message = f"{message}; nothing was written"
    return session.document(
        code, reason, message=message, hint=hint, plan=plan, records=tuple(records), publications=tuple(publications)
    )


def _show(session: Session, publications: Sequence[Publication]) -> None:
    """The plan, and the targets that need a second look, before anybody is asked."""
    from reconciler.render.lookups import render_publications

    session.log.show(render_publications(publications, ink_for(sys.stderr)) + "\n")
    for item in publications:
        if item.leaves_imgwire and item.state is PublishState.PLANNED:
            session.log.say(
                "warning", f"{item.name} would point to {item.after}, which is not below imgwire.dev: check it first"
            )


def _refusal(count: int) -> tuple[str, str | None] | None:
    """None when the answer is yes; else why not, and what to do."""
    if not can_ask():
        hint = f"to publish whatever is planned then: {command_again('--auto-approve')}"
        return "this needs a yes, and there is no terminal to ask at, or CI is set", hint
    if not answer_is_yes(f"Publish these {count} records?"):
        return "not approved, so nothing was done", None
    return None


def _log(session: Session, item: Publication) -> None:
    if item.error is not None:
        session.log.say("error", f"{item.target or 'dns sync'}: {item.name}: {item.error}")
