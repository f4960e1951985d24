"""`reconciler apply`."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.again import command_again
from reconciler.cli.consent import answer_is_yes, can_ask
from reconciler.cli.failure import Failure
from reconciler.cli.looking import NO_DNS_OPTION, SERVER_OPTION, Dns
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.output import ink_for
from reconciler.cli.plan import CONSENT
from reconciler.cli.session import Session, conduct
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Action

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.document import Document
    from reconciler.model.plan import Block, Plan
    from reconciler.planning.guards import Consent


class _Actions(click.ParamType[Any]):
    """Comma-separated kinds of change."""

    name = "KINDS"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> frozenset[Action]:
        known = {"create": Action.CREATE, "delete": Action.DELETE, "replace": Action.REPLACE}
        words = [word.strip() for word in str(value).split(",") if word.strip()]
        if not words or any(word not in known for word in words):
            self.fail(f"'{value}' is not a list of create, delete, replace", param, ctx)
        return frozenset(known[word] for word in words)


@click.command()
@click.argument("planfile", required=False, metavar="[PLANFILE]")
@shared("apply")
@click.option("--auto-approve", is_flag=True, help="Do not ask.")
@click.option("--allow", type=_Actions(), metavar="KINDS", help="Only these kinds of change: create,delete,replace.")
@click.option("--expect-digest", metavar="DIGEST", help="Apply only if the plan made now has this digest.")
@CONSENT[0]
@CONSENT[1]
@click.option(
    "--believe-absent", is_flag=True, help="Believe it when every custom domain that was there is gone at once."
)
@click.option(
    "--on-create-failure",
    type=click.Choice(["restore", "leave"]),
    default="restore",
    show_default=True,
    help="Whether a hostname is put back when what should follow its delete fails.",
)
@click.option(
    "--step-timeout",
    type=Duration(),
    default=120.0,
    metavar="DURATION",
    help="At most this long for each step, with its retries and re-reads.  [default: 2m]",
)
@click.option("--receipt", metavar="FILE", help="Keep a report here, rewritten after each step.")
@click.option("--wait", type=Duration(), metavar="DURATION", help="Then wait until the domains are ready.")
@SERVER_OPTION
@NO_DNS_OPTION
def apply(
    options: Options,
    planfile: str | None,
    auto_approve: bool,
    allow: frozenset[Action] | None,
    expect_digest: str | None,
    unprotect: tuple[str, ...],
    max_interruptions: int | None,
    believe_absent: bool,
    on_create_failure: str,
    step_timeout: float,
    receipt: str | None,
    wait: float | None,
    dns_servers: tuple[AnyServer, ...],
    no_dns: bool,
) -> ExitCode:
    """Make live what the manifest desires.

    With a PLANFILE exactly that plan is run, or nothing where it no longer fits. Without, a plan is made and shown, and you
    are asked; where nobody can be asked, --auto-approve or --expect-digest must say yes beforehand.
    """
    if planfile is not None and (options.names or options.selectors or expect_digest):
        raise click.UsageError("a plan file says itself what is done: leave out --env, --selector and --expect-digest")

    if not step_timeout:
        raise click.UsageError("--step-timeout must be at least 1 s")

    def body(session: Session) -> Document:
        from reconciler.cli.applying import apply_plan, seen_in
        from reconciler.cli.planning import consent_for, make_plan
        from reconciler.cli.saved_plans import from_file
        from reconciler.engine.apply import Settings
        from reconciler.engine.write import WritePolicy

        session.keep_apart(receipt, inputs=[planfile] if planfile is not None else [])
        seen = seen_in(receipt)

        def consent(manifest: Any, more: frozenset[str] = frozenset()) -> Consent:
            return consent_for(
                manifest, unprotect, max_interruptions, allow, seen_before=seen | more, believe_absent=believe_absent
            )

        if planfile is not None:
            plan, blocks, limit = from_file(session, planfile, consent)
        else:
            manifest = session.manifest()
            given = consent(manifest)
            plan, blocks = make_plan(session, manifest, given)
            limit = given.max_interruptions
        _permit(session, plan, blocks, limit, expect_digest, auto_approve=auto_approve or planfile is not None)
        policy = WritePolicy(retries=options.retries, step_timeout=step_timeout)
        settings = Settings(options.parallelism, on_create_failure == "restore", policy)
        return apply_plan(session, plan, settings, receipt=receipt, wait=wait, dns=Dns(dns_servers, no_dns))

    return conduct(options, body)


def _permit(
    session: Session,
    plan: Plan,
    blocks: tuple[Block, ...],
    limit: int,
    expect_digest: str | None,
    *,
    auto_approve: bool,
) -> None:
    """Return when the plan may be run. Raises Failure with what would have to be said."""
    from reconciler.planning.digest import digest
    from reconciler.planning.outcome import of_refusal

    if blocks:
        _show(session, plan, limit)
        overrides = [block.override for block in blocks if block.override]
        words = [word for override in dict.fromkeys(overrides) for word in override.split(" ", 1)]
        hint = f"to go ahead all the same: {command_again(*words)}" if len(overrides) == len(blocks) else None
        raise Failure(of_refusal(plan), blocks[0].code, _listed(blocks), hint, plan, blocks)
    made = digest(plan)
    if expect_digest is not None and expect_digest != made:
        _show(session, plan, limit)
        raise Failure(
            of_refusal(plan),
            "digest_differs",
            f"the plan made now is not the one that was approved: its digest is {made}, expected was {expect_digest}",
            "look at the plan above; to approve it, give its digest",
            plan,
        )
    if not plan.writes:
        return
    _show(session, plan, limit)
    if auto_approve or expect_digest is not None:
        return
    if not can_ask():
        raise Failure(
            of_refusal(plan),
            "no_consent",
            "this needs a yes, and there is no terminal to ask at, or CI is set",
            f"to apply exactly this plan: {command_again('--expect-digest', made)}\n"
            f"to apply whatever is planned then: {command_again('--auto-approve')}",
            plan,
        )
    if not answer_is_yes(f"Apply these {len(plan.writes)} changes to {plan.api_url}?"):
        raise Failure(ExitCode.REFUSED, "no_consent", "not approved, so nothing was done", plan=plan)


def _listed(blocks: tuple[Block, ...]) -> str:
    more = f", and {len(blocks) - 1} more" if len(blocks) > 1 else ""
    return f"refused: {blocks[0].message}{more}"


def _show(session: Session, plan: Plan, limit: int) -> None:
    from reconciler.render.formats import renderer

    document = replace(session.document(ExitCode.OK, plan=plan), max_interruptions=limit)
    session.log.show(renderer("plan", "text")(document, ink_for(sys.stderr)))
