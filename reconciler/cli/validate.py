"""`reconciler validate`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("validate", network=False)
def validate(options: Options) -> ExitCode:
    """Check manifests: every problem of every file, with its place and what to write instead. No key and no network is needed."""

    def body(session: Session) -> Document:
        from reconciler.model.exit_codes import ExitCode

        manifest = session.manifest()
        count = len(session.selected(manifest))
        files = len(manifest.files)
        told = f"Valid: {count} environment{'s' * (count != 1)} in {files} file{'s' * (files != 1)}."
        return session.document(ExitCode.OK, message=told)

    return conduct(options, body)
