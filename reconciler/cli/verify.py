"""`reconciler verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("verify")
@click.option(
    "--wait", type=Duration(), default=0.0, metavar="DURATION", help="Ask again until ready, at most this long."
)
def verify(options: Options, wait: float) -> ExitCode:
    """Ask Imgwire to check DNS and certificates again, and tell what is not ready.

    Exit code 0 when all is ready, 3 when something is still waiting, 4 when it failed again after a fresh check.
    """

    def body(session: Session) -> Document:
        from reconciler.api.backend import Access
        from reconciler.cli.waiting import wait_until_ready
        from reconciler.model.domains import domain_of
        from reconciler.planning.outcome import of_verify
        from reconciler.planning.records import records

        chosen = [item for item in session.selected(session.manifest()) if item.hostname is not None]
        credentials = session.credentials(chosen)
        backend = session.backend(chosen, credentials, Access.TEST)
        wishes = [(item.name, item.hostname) for item in chosen if item.hostname is not None]
        verified = wait_until_ready(session, wishes, backend, wait)
        code, reason = of_verify(verified)
        domains = [(item.environment, domain) for item in verified if (domain := domain_of(item.live))]
        plan = session.plan(chosen, {item.environment: item.live for item in verified})
        return session.document(code, reason, plan=plan, verified=verified, records=records(domains))

    return conduct(options, body)
