"""`reconciler dns`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.looking import INSTALL, SERVER_OPTION, Dns
from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Record


@click.group()
def dns() -> None:
    """Show, look up or publish the DNS records that custom domains need."""


@dns.command()
@shared("dns show")
def show(options: Options) -> ExitCode:
    """Print the CNAMEs that live domains need. Exactly as Imgwire gave them; only GET requests are sent.

    The formats octodns, dnscontrol, terraform, external-dns, bind and csv are ready to paste; the zone of a name is taken to
    be its registrable domain.
    """

    def body(session: Session) -> Document:
        from reconciler.cli.planning import tell_mistakes
        from reconciler.model.domains import Unreadable
        from reconciler.planning.outcome import of_looking

        plan, blocks, found = _read(session)
        for item in plan.items:
            if isinstance(item.live, Unreadable):
                session.log.say("error", f"{item.name}: {item.live.error.message}")
        tell_mistakes(session, blocks)
        code, reason = of_looking(plan, blocks)
        return session.document(code, reason, plan=plan, blocks=blocks, records=found)

    return conduct(options, body)


@dns.command()
@shared("dns check")
@SERVER_OPTION
def check(options: Options, dns_servers: tuple[AnyServer, ...]) -> ExitCode:
    """Look the CNAMEs of live domains up. Imgwire gets GET requests only.

    Exit code 0 when all are right, 3 when one is missing, wrong or could not be looked up, 7 or 8 when Imgwire could not be
    read.
    """

    def body(session: Session) -> Document:
        from reconciler.cli.failure import Failure
        from reconciler.cli.looking import installed, notes, open_resolvers
        from reconciler.model.exit_codes import ExitCode
        from reconciler.planning.outcome import of_dns

        if not installed():
            raise Failure(ExitCode.ERROR, "dns_missing", "dns check needs dnspython, which is not installed", INSTALL)
        plan, blocks, found = _read(session)
        resolvers = open_resolvers(session, Dns(dns_servers))
        looked = session.run(resolvers.look_up(found))
        live = {item.name: item.live for item in plan.items}
        wanted = {item.name: item.environment.hostname for item in plan.items if item.environment.hostname}
        told = notes(session, live, wanted, resolvers)
        code, reason = of_dns(plan, looked)
        return session.document(code, reason, plan=plan, blocks=blocks, records=looked, dns_notes=told)

    return conduct(options, body)


@dns.command()
@shared("dns sync")
@click.option(
    "--config",
    default="octodns.yaml",
    show_default=True,
    metavar="FILE",
    help="octoDNS configuration. Only zones, targets, providers and secret handlers are used.",
)
@click.option("--auto-approve", is_flag=True, help="Skip the confirmation prompt.")
@click.option(
    "--allow-zone-rewrite",
    is_flag=True,
    help="Accept providers that rewrite the whole zone. Other records can be lost.",
)
def sync(options: Options, config: str, auto_approve: bool, allow_zone_rewrite: bool) -> ExitCode:
    """Publish the CNAMEs of live domains through octoDNS.

    Shows the records first and asks. Publishes only names at or below the hostname of each domain, and changes no
    other record of the zone. Sends only GET requests to the API.

    The octoDNS configuration runs code: octoDNS imports every class that it names. Use only a file that you trust.
    """

    def body(session: Session) -> Document:
        from reconciler.cli.publishing import publish

        session.keep_apart(inputs=[config])
        plan, blocks, found = _read(session)
        return publish(
            session, config, plan, blocks, found, auto_approve=auto_approve, allow_zone_rewrite=allow_zone_rewrite
        )

    return conduct(options, body)


def _read(session: Session) -> tuple[Plan, tuple[Block, ...], tuple[Record, ...]]:
    """What is live, and the records that it needs, each with its zone."""
    from reconciler.cli.planning import consent_for, make_plan
    from reconciler.manifest.zones import zone_of
    from reconciler.model.domains import domain_of
    from reconciler.planning.records import records

    manifest = session.manifest()
    plan, blocks = make_plan(session, manifest, consent_for(manifest, (), None))
    found = records((item.name, domain) for item in plan.items if (domain := domain_of(item.live)))
    return plan, blocks, tuple(replace(record, zone=zone_of(record.name) if record.name else None) for record in found)
