"""The options for DNS lookups, probes and publishing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.gathered import gathered
from reconciler.cli.help import auto_approve_option, consent_option, dns_option, option
from reconciler.cli.values import DNS_SERVER
from reconciler.operations.dns_servers import Dns
from reconciler.operations.publish_settings import PublishSettings
from reconciler.operations.stale_choice import StaleChoice

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer


def _dns_on_request(servers: tuple[AnyServer, ...], dns: bool) -> Dns:
    return Dns(servers, off=not dns)


def _probe_days(probe: bool, probe_days: int) -> int | None:
    return probe_days if probe else None


_SERVER = dns_option(
    "--dns-server",
    "servers",
    multiple=True,
    type=DNS_SERVER,
    help="Query exactly this DNS server: ADDRESS[:PORT] or https://… Repeatable.",
)
server_option = gathered("dns", Dns, _SERVER)
"""Gives a command `--dns-server`, as `dns`."""

server_option_with_dns = gathered("dns", _dns_on_request, _SERVER)
"""The same for a command with the flag `--dns`, without which there are no lookups."""

dns_options = gathered("dns", Dns, _SERVER, dns_option("--no-dns", "off", is_flag=True, help="Do not check DNS."))
"""Gives a command `--dns-server` and `--no-dns`, as `dns`."""

baseline_option = option(
    "--baseline", metavar="FILE", help="Also check old hostnames of this receipt, plan or report for dangling CNAMEs."
)
probe_options = gathered(
    "probe_days",
    _probe_days,
    dns_option("--probe", is_flag=True, help="Also connect to each ready hostname with TLS."),
    dns_option(
        "--probe-days",
        type=click.IntRange(0, 3650),
        default=14,
        show_default=True,
        metavar="DAYS",
        help="With --probe: warn of certificates with fewer days left.",
    ),
)
"""Gives a command `--probe` and `--probe-days`, as `probe_days`, which is None without `--probe`."""

publish_options = gathered(
    "settings",
    PublishSettings,
    option(
        "--config",
        default="octodns.yaml",
        show_default=True,
        metavar="FILE",
        help="octoDNS configuration. Only zones, targets, providers and secret handlers are used.",
    ),
    auto_approve_option,
    option("--zone", "zones", multiple=True, metavar="ZONE", help="Only this zone, such as example.com. Repeatable."),
    option(
        "--ttl",
        type=click.IntRange(1, 2_147_483_647),
        default=300,
        show_default=True,
        metavar="SECONDS",
        help="TTL of new records. Existing records keep theirs.",
    ),
    option(
        "--replace",
        multiple=True,
        metavar="NAME",
        help="Replace other records at NAME (such as an A record) by its CNAME. Repeatable.",
    ),
    option("--ahead", is_flag=True, help="Also add the routing record of hostnames that apply has still to create."),
    option("--target", metavar="NAME", help="With --ahead: the target, where no live domain shows it."),
    consent_option(
        "--allow-zone-rewrite", is_flag=True, help="Accept providers that rewrite whole zones and can lose records."
    ),
)
"""Gives a command the options of `dns sync`, as `settings`, beside `auto_approve`."""

stale_options = gathered(
    "stale",
    StaleChoice,
    option("--delete-stale", is_flag=True, help="Also delete records of domains that are gone since --baseline."),
    option("--baseline", metavar="FILE", help="With --delete-stale: an earlier receipt, plan or report."),
    option("--believe-absent", is_flag=True, help="With --delete-stale: accept an absent domain as proof."),
)
"""Gives a command the options that delete records, as `stale`."""
