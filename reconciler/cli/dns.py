"""`reconciler dns`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.group()
def dns() -> None:
    """Show the DNS records that custom domains need."""


@dns.command()
@shared("dns show")
def show(options: Options) -> ExitCode:
    """Print the two CNAMEs of each live custom domain, exactly as Imgwire gave them. Only GET requests are sent."""

    def body(session: Session) -> Document:
        from reconciler.cli.planning import consent_for, make_plan
        from reconciler.model.domains import domain_of
        from reconciler.planning.outcome import of_reading
        from reconciler.planning.records import records

        manifest = session.manifest()
        plan, blocks = make_plan(session, manifest, consent_for(manifest, (), None))
        code = of_reading(plan)
        found = records((item.name, domain) for item in plan.items if (domain := domain_of(item.live)))
        return session.document(code, "unreadable" if code else None, plan=plan, blocks=blocks, records=found)

    return conduct(options, body)
