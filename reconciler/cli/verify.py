"""`reconciler verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.looking import NO_DNS_OPTION, SERVER_OPTION, Dns
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("verify")
@click.option(
    "--wait", type=Duration(), default=0.0, metavar="DURATION", help="Ask again until ready, at most this long."
)
@SERVER_OPTION
@NO_DNS_OPTION
def verify(options: Options, wait: float, dns_servers: tuple[AnyServer, ...], no_dns: bool) -> ExitCode:
    """Look at DNS, ask Imgwire to check again, and tell what is not ready and why.

    Exit code 0 when all is ready, 3 when something is still waiting, 4 when it failed again after a fresh check.
    """

    def body(session: Session) -> Document:
        from reconciler.api.backend import Access
        from reconciler.cli.looking import notes, resolvers_for
        from reconciler.cli.planning import consent_for, make_plan, refuse_mistakes
        from reconciler.cli.waiting import wait_until_ready
        from reconciler.engine.verify import of_unwanted
        from reconciler.planning.outcome import of_verify

        manifest = session.manifest()
        plan, blocks = make_plan(session, manifest, consent_for(manifest, (), None))
        refuse_mistakes(plan, blocks)
        wishes = [(item.name, item.environment.hostname) for item in plan.items if item.environment.hostname]
        resolvers = resolvers_for(session, Dns(dns_servers, no_dns))
        backend = session.backend([item.environment for item in plan.items], session.keys, Access.TEST)
        verified = {item.environment: item for item in wait_until_ready(session, wishes, backend, wait, resolvers)}
        unwanted = {
            item.name: of_unwanted(item.name, item.live) for item in plan.items if not item.environment.hostname
        }
        told = tuple({**verified, **unwanted}[item.name] for item in plan.items)
        live = {item.environment: item.live for item in told}
        code, reason = of_verify(told, unwanted)
        if session.stop.requested:
            code, reason = session.stop.requested, "interrupted"
        return session.document(
            code,
            reason,
            plan=session.plan([item.environment for item in plan.items], live),
            verified=told,
            records=tuple(record for item in told for record in item.records),
            dns_notes=notes(session, live, dict(wishes), resolvers),
        )

    return conduct(options, body)
