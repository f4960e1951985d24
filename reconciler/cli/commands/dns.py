"""`reconciler dns`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.dns_options import baseline_option, publish_options, server_option, stale_options
from reconciler.cli.help import PARTIAL, UNREAD, Command
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import PublishResult
    from reconciler.operations.context import Context
    from reconciler.operations.dns_servers import Dns
    from reconciler.operations.publish_settings import PublishSettings
    from reconciler.operations.stale_choice import StaleChoice
    from reconciler.operations.workspace import Workspace


@click.group(help="Show, look up or publish the DNS records that custom domains need.")
def dns() -> None:
    """The group."""


@dns.command(
    cls=Command,
    help="Print the CNAMEs that live domains need, exactly as the API returns them.\n\n"
    "The formats octodns, dnscontrol, terraform, external-dns, bind and csv are ready to paste; the zone of a name is taken "
    "to be its registrable domain.",
    exit_codes=[("0", "printed"), UNREAD],
    examples=[("reconciler dns show --format bind", "Lines for a zone file")],
)
@shared("dns show")
def show(options: Options) -> ExitCode:
    """Run the command."""
    from reconciler.operations.records import records

    return run_online(options, records)


@dns.command(
    cls=Command,
    help="Look up the CNAMEs of live domains in DNS.\n\nSends only GET requests to the API.",
    exit_codes=[("0", "all records are right"), ("3", "a record is missing, wrong or not checked"), UNREAD],
    examples=[("reconciler dns check", "Ask the servers of each zone")],
)
@shared("dns check")
@baseline_option
@server_option
def check(options: Options, baseline: str | None, dns: Dns) -> ExitCode:
    """Run the command."""
    from reconciler.operations.drift import baseline_in
    from reconciler.operations.lookup import check_dns

    return run_online(
        options,
        lambda workspace, context: check_dns(workspace, context, dns, baseline=baseline_in(baseline)),
        inputs=[baseline],
    )


@dns.command(
    cls=Command,
    help="Publish the CNAMEs of live domains through octoDNS.\n\n"
    "Shows the records first and asks. Publishes only names at or below the hostname of each domain, and changes no "
    "other record of the zone. Sends only GET requests to the API.\n\n"
    "The octoDNS configuration runs code: octoDNS imports every class that it names. Use only a file that you trust.",
    exit_codes=[("0", "published, or nothing to do"), ("5", "refused: nothing was written"), PARTIAL, UNREAD],
    examples=[("reconciler dns sync", "Show the records, ask, publish")],
)
@shared("dns sync")
@publish_options
@stale_options
def sync(options: Options, settings: PublishSettings, auto_approve: bool, stale: StaleChoice) -> ExitCode:
    """Run the command."""

    async def operate(workspace: Workspace, context: Context) -> PublishResult:
        from reconciler.cli.approval import PublishApproval
        from reconciler.operations.publish import publish

        chosen = replace(settings, stale=stale.load())
        return await publish(workspace, context, chosen, PublishApproval(options.log, auto_approve))

    return run_online(options, operate, inputs=[settings.config, stale.baseline])
