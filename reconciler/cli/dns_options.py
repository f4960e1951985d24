"""The options for DNS servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.help import DNS, option
from reconciler.cli.values import DNS_SERVER

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.operations.lookup import Dns


SERVER_OPTION = option(
    "--dns-server",
    "dns_servers",
    group=DNS,
    multiple=True,
    type=DNS_SERVER,
    help="Query exactly this DNS server: ADDRESS[:PORT] or https://… Repeatable.",
)
NO_DNS_OPTION = option("--no-dns", group=DNS, is_flag=True, help="Do not check DNS.")
BASELINE_OPTION = option(
    "--baseline", metavar="FILE", help="Also check old hostnames of this receipt, plan or report for dangling CNAMEs."
)
_PROBE = option("--probe", group=DNS, is_flag=True, help="Also connect to each ready hostname with TLS.")
_PROBE_DAYS = option(
    "--probe-days",
    group=DNS,
    type=click.IntRange(0, 3650),
    default=14,
    show_default=True,
    metavar="DAYS",
    help="With --probe: warn of certificates with fewer days left.",
)


def probe_options(command: Any) -> Any:
    """Give the command `--probe` and `--probe-days`."""
    return _PROBE(_PROBE_DAYS(command))


def dns_of(servers: tuple[AnyServer, ...], off: bool = False) -> Dns:
    """The options as one value."""
    from reconciler.operations.lookup import Dns

    return Dns(servers, off)
