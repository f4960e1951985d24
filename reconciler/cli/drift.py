"""`reconciler drift`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.session import Session, conduct
from reconciler.files import append
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.report import Finding


@click.command()
@shared("drift")
@click.option(
    "--baseline", metavar="FILE", help="A receipt, report or earlier drift document: also tell what changed since."
)
@click.option("--health", is_flag=True, help="Make health part of the verdict: what is not ready counts as drift.")
def drift(options: Options, baseline: str | None, health: bool) -> ExitCode:
    """Tell what differs from the manifest, for schedules. Only GET requests are sent.

    With --baseline also what was deleted and created again, which DNS records to publish changed, whose health got worse,
    and whether a difference is not applied yet or was made outside.

    Exit code 0 when nothing differs, 2 when something does, 7 or 8 when not everything could be read.
    """
    found: tuple[Finding, ...] = ()

    def body(session: Session) -> Document:
        nonlocal found
        from reconciler.cli.baselines import read_baseline
        from reconciler.cli.planning import consent_for, make_plan
        from reconciler.planning.drift import findings
        from reconciler.planning.outcome import of_drift

        session.keep_apart(inputs=[baseline] if baseline is not None else [])
        manifest = session.manifest()
        before = read_baseline(baseline) if baseline is not None else None
        plan, blocks = make_plan(session, manifest, consent_for(manifest, (), None))
        unknown = [f"`{item.name}`" for item in plan.items if before and item.name not in before.live]
        if unknown:
            listed = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
            session.log.say("info", f"The baseline tells nothing of {listed}")
        found = findings(plan, before, health=health)
        code, reason = of_drift(plan, blocks, found)
        message = next((block.message for block in blocks if code is ExitCode.REFUSED and block.code == reason), None)
        found = () if message else found
        return session.document(code, reason, message=message, plan=plan, blocks=blocks, findings=found)

    code = conduct(options, body)
    if "github" in {options.format, *(format_ for format_, _ in options.reports)}:
        code = _step_outputs(code, found)
    return code


def _step_outputs(code: ExitCode, found: tuple[Finding, ...]) -> ExitCode:
    """Tell the steps that follow in a GitHub workflow, if this is one. The values are numbers and fixed words."""
    path = os.environ.get("GITHUB_OUTPUT")
    if not path:
        return code
    drifted = any(finding.counts for finding in found)
    try:
        append(path, f"drift={str(drifted).lower()}\nfindings={len(found)}\nexit_code={int(code)}\n")
    except OSError as error:
        click.echo(f"error: could not write the step outputs to {path}: {error.strerror or error}", err=True)
        return code or ExitCode.ERROR
    return code
