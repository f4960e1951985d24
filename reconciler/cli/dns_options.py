"""The options for DNS servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.operations.lookup import Dns


class _Server(click.ParamType[Any]):
    """ADDRESS[:PORT]."""

    name = "ADDRESS[:PORT]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AnyServer:
        from reconciler.dns.servers import parse_server

        try:
            return parse_server(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SERVER_OPTION = click.option(
    "--dns-server",
    "dns_servers",
    multiple=True,
    type=_Server(),
    help="Ask this DNS server, not the system's. Repeatable: all are asked.",
)
NO_DNS_OPTION = click.option("--no-dns", is_flag=True, help="Do not look at DNS.")


def dns_of(servers: tuple[AnyServer, ...], off: bool = False) -> Dns:
    """The options as one value."""
    from reconciler.operations.lookup import Dns

    return Dns(servers, off)
