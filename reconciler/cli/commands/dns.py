"""`reconciler dns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.dns_options import baseline_option, server_option
from reconciler.cli.help import PARTIAL, UNREAD, Command, consent_option, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import PublishResult
    from reconciler.operations.context import Context
    from reconciler.operations.dns_servers import Dns
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
@option(
    "--config",
    default="octodns.yaml",
    show_default=True,
    metavar="FILE",
    help="octoDNS configuration. Only zones, targets, providers and secret handlers are used.",
)
@consent_option("--auto-approve", is_flag=True, help="Skip the confirmation prompt.")
@option("--zone", "zones", multiple=True, metavar="ZONE", help="Only this zone, such as example.com. Repeatable.")
@option(
    "--ttl",
    type=click.IntRange(1, 2_147_483_647),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="TTL of new records. Existing records keep theirs.",
)
@option(
    "--replace",
    multiple=True,
    metavar="NAME",
    help="Replace other records at NAME (such as an A record) by its CNAME. Repeatable.",
)
@option("--ahead", is_flag=True, help="Also add the routing record of hostnames that apply has still to create.")
@option("--target", metavar="NAME", help="With --ahead: the target, where no live domain shows it.")
@option("--delete-stale", is_flag=True, help="Also delete records of domains that are gone since --baseline.")
@option("--baseline", metavar="FILE", help="With --delete-stale: an earlier receipt, plan or report.")
@consent_option(
    "--allow-zone-rewrite",
    is_flag=True,
    help="Accept providers that rewrite the whole zone. Other records can be lost.",
)
def sync(
    options: Options,
    config: str,
    baseline: str | None,
    zones: tuple[str, ...],
    replace: tuple[str, ...],
    delete_stale: bool,
    auto_approve: bool,
    **settings: Any,
) -> ExitCode:
    """Run the command."""
    if delete_stale != (baseline is not None):
        raise click.UsageError("--delete-stale and --baseline need each other")
    if settings["target"] is not None and not settings["ahead"]:
        raise click.UsageError("--target needs --ahead")

    async def operate(workspace: Workspace, context: Context) -> PublishResult:
        from reconciler.cli.approval import PublishApproval
        from reconciler.operations.drift import baseline_in
        from reconciler.operations.publish import PublishSettings, publish

        stale = baseline_in(baseline)
        chosen = PublishSettings(config, zones=frozenset(zones), replace=frozenset(replace), stale=stale, **settings)
        return await publish(workspace, context, chosen, PublishApproval(options.log, auto_approve))

    return run_online(options, operate, inputs=[config, baseline])
