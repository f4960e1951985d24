"""`reconciler drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("drift")
def drift(options: Options) -> ExitCode:
    """Tell what differs from the manifest, for schedules. Only GET requests are sent.

    Exit code 0 when nothing differs, 2 when something does, 7 or 8 when not everything could be read.
    """

    def body(session: Session) -> Document:
        from reconciler.cli.planning import consent_for, make_plan
        from reconciler.model.exit_codes import ExitCode
        from reconciler.planning.drift import findings
        from reconciler.planning.outcome import of_reading

        manifest = session.manifest()
        plan, blocks = make_plan(session, manifest, consent_for(manifest, (), None))
        found = findings(plan)
        code = of_reading(plan)
        reason = "unreadable" if code else "drift" if found else None
        if found and not code:
            code = ExitCode.CHANGES
        return session.document(code, reason, plan=plan, blocks=blocks, findings=found)

    return conduct(options, body)
