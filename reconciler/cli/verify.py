"""`reconciler verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.looking import NO_DNS_OPTION, SERVER_OPTION, Dns
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.dns.servers import Server
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("verify")
@click.option(
    "--wait", type=Duration(), default=0.0, metavar="DURATION", help="Ask again until ready, at most this long."
)
@SERVER_OPTION
@NO_DNS_OPTION
def verify(options: Options, wait: float, dns_servers: tuple[Server, ...], no_dns: bool) -> ExitCode:
    """Look at DNS, ask Imgwire to check again, and tell what is not ready and why.

    Exit code 0 when all is ready, 3 when something is still waiting, 4 when it failed again after a fresh check.
    """

    def body(session: Session) -> Document:
        from reconciler.api.backend import Access
        from reconciler.cli.looking import notes, resolvers_for
        from reconciler.cli.waiting import wait_until_ready
        from reconciler.planning.outcome import of_verify

        chosen = [item for item in session.selected(session.manifest()) if item.hostname is not None]
        credentials = session.credentials(chosen)
        backend = session.backend(chosen, credentials, Access.TEST)
        wishes = [(item.name, item.hostname) for item in chosen if item.hostname is not None]
        resolvers = resolvers_for(session, Dns(dns_servers, no_dns))
        pins = {item.name: item.environment_id for item in chosen}
        verified = wait_until_ready(session, wishes, backend, wait, resolvers, pins)
        live = {item.environment: item.live for item in verified}
        code, reason = of_verify(verified)
        warnings = notes(session, live, dict(wishes), resolvers)
        if session.stop.requested:
            code, reason = session.stop.requested, "interrupted"
        return session.document(
            code,
            reason,
            plan=session.plan(chosen, live),
            verified=verified,
            records=tuple(record for item in verified for record in item.records),
            dns_notes=warnings,
        )

    return conduct(options, body)
