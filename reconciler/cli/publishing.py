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
from reconciler.planning.outcome import of_publishing, of_reading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.session import Session
    from reconciler.model.dns import Publication
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
) -> Document:
    """Publish the records of what is live as desired, and nothing else. Raises Failure."""
    if importlib.util.find_spec("octodns") is None:
        raise Failure(ExitCode.ERROR, "dns_missing", "dns sync needs octoDNS, which is not installed", INSTALL)
    from reconciler.dns.publishing import CannotPublish, ConfigError, Publisher
    from reconciler.planning.guards import MISTAKEN_CODES
    from reconciler.render.looked import render_publications

    for block in blocks:
        if block.code in MISTAKEN_CODES:
            raise Failure(ExitCode.REFUSED, block.code, block.message, plan=plan, blocks=tuple(blocks))
    wanted = {item.name for item in plan.items if item.before is not None and item.before == item.environment.hostname}
    ours = tuple(record for record in records if record.environment in wanted)
    try:
        publisher = Publisher(config)
        prepared = publisher.prepare(ours)
    except ConfigError as error:
        raise Failure(
            ExitCode.DATA, "invalid_config", str(error), "look up the file's form in octoDNS's docs"
        ) from None
    except CannotPublish as error:
        raise Failure(ExitCode.REFUSED, "cannot_publish", f"{error}; nothing was written", plan=plan) from None
    publications = tuple(item for each in prepared for item in each.publications)
    if not publications:
        code = of_reading(plan)
        return session.document(code, "unreadable" if code else "in_sync", plan=plan, records=ours)
    session.log.show(render_publications(publications, ink_for(sys.stderr)) + "\n")
    if not auto_approve and (refusal := _refusal(len(publications))):
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
    done, cut_off = publisher.apply(prepared, lambda item: _tell(session, item))
    code, reason = of_publishing(plan, done)
    if cut_off:
        code, reason = ExitCode.PARTIAL, "interrupted"
    return session.document(code, reason, plan=plan, records=ours, publications=done)


def _refusal(count: int) -> tuple[str, str | None] | None:
    """None when the answer is yes; else why not, and what to do."""
    if not can_ask():
        hint = f"to publish whatever is planned then: {command_again('--auto-approve')}"
        return "this needs a yes, and there is no terminal to ask at, or CI is set", hint
    if not answer_is_yes(f"Publish these {count} records?"):
        return "not approved, so nothing was done", None
    return None


def _tell(session: Session, item: Publication) -> None:
    if item.state is PublishState.FAILED:
        session.log.say("error", f"{item.target}: {item.name}: {item.error}")
