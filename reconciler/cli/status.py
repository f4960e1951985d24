"""`reconciler status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("status")
def status(options: Options) -> ExitCode:
    """Show the live state of every environment. Only GET requests are sent."""

    def body(session: Session) -> Document:
        from reconciler.cli.planning import consent_for, make_plan, tell_mistakes
        from reconciler.planning.outcome import of_looking

        manifest = session.manifest()
        plan, blocks = make_plan(session, manifest, consent_for(manifest, (), None))
        tell_mistakes(session, blocks)
        code, reason = of_looking(plan, blocks)
        return session.document(code, reason, plan=plan, blocks=blocks)

    return conduct(options, body)
