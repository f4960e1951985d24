"""`reconciler import`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command("import")
@click.argument("environments", nargs=-1, required=True, metavar="NAME...")
@shared("import", selection=False)
@click.option("--write", is_flag=True, help="Add the entries to the manifest, which is made if there is none.")
def import_(options: Options, environments: tuple[str, ...], write: bool) -> ExitCode:
    """Print a manifest for the custom domains that are live already, pinned and protected. Only GET requests are sent.

    Each NAME is one that the manifest does not list yet; its key is in IMGWIRE_API_KEY_<NAME>, or for a single NAME in
    IMGWIRE_API_KEY. What is printed or written is proven first: planned against what is live, it must change nothing.
    """

    def body(session: Session) -> Document:
        from reconciler.cli.importing import import_environments

        return import_environments(session, sorted(set(environments)), write=write)

    return conduct(options, body)
