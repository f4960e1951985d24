"""`reconciler plan`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from reconciler.cli.again import command_for_saved
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.output import timestamp
from reconciler.cli.session import Session, conduct
from reconciler.files import write_atomic

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode

CONSENT = (
    click.option("--unprotect", multiple=True, metavar="NAME", help="Lift `protect` of this environment for this run."),
    click.option(
        "--max-interruptions", type=click.IntRange(0), metavar="N", help="Allow this many interruptions in this run."
    ),
)


@click.command()
@shared("plan")
@click.option("--out", metavar="FILE", help="Save the plan, for `apply FILE`.")
@click.option(
    "--expires-in",
    type=Duration(),
    default=86400.0,
    metavar="DURATION",
    help="How long a saved plan holds.  [default: 24h]",
)
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 when there is a create, delete or replace.")
@CONSENT[0]
@CONSENT[1]
def plan(
    options: Options,
    out: str | None,
    expires_in: float,
    detailed_exitcode: bool,
    unprotect: tuple[str, ...],
    max_interruptions: int | None,
) -> ExitCode:
    """Show what apply would do, and do none of it.

    Only GET requests are sent. Exit code 0 with changes too, unless --detailed-exitcode asks for 2.
    """

    def body(session: Session) -> Document:
        from reconciler.cli.planning import consent_for, make_plan
        from reconciler.planning.outcome import of_plan

        session.keep_apart(out)
        manifest = session.manifest()
        consent = consent_for(manifest, unprotect, max_interruptions)
        made, blocks = make_plan(session, manifest, consent)
        code, outcome, reason = of_plan(made, blocks, detailed=detailed_exitcode)
        created = datetime.now(UTC)
        document = replace(
            session.document(code, reason, outcome=outcome, plan=made, blocks=blocks),
            created_at=timestamp(created),
            expires_at=timestamp(created + timedelta(seconds=expires_in)),
            max_interruptions=consent.max_interruptions,
        )
        if out is not None:
            _save(out, document)
            again = command_for_saved(out, options, unprotect, max_interruptions)
            session.log.say("info", f"Saved the plan to {out}. To apply exactly this: {again}")
        return document

    return conduct(options, body)


def _save(path: str, document: Document) -> None:
    from reconciler.cli.failure import Failure
    from reconciler.model.exit_codes import ExitCode
    from reconciler.render.formats import renderer
    from reconciler.render.ink import Ink

    try:
        write_atomic(path, renderer("plan", "json")(document, Ink()))
    except OSError as error:
        raise Failure(
            ExitCode.ERROR,
            "not_written",
            f"could not save the plan to {path}: {error.strerror or error}",
            plan=document.plan,
        ) from None
