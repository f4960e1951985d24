"""`reconciler apply`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.dns_options import NO_DNS_OPTION, SERVER_OPTION, dns_of
from reconciler.cli.guard_options import guard_options
from reconciler.cli.help import CONSENT, Command, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import open_workspace, run_online
from reconciler.cli.values import DIGEST, DURATION, Value
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Action
from reconciler.model.results import ApplyResult, Stopped
from reconciler.render.escape import finish_lines

if TYPE_CHECKING:
    from reconciler.cli.guard_options import GuardOptions
    from reconciler.dns.servers import AnyServer
    from reconciler.model.proposal import Proposal
    from reconciler.model.results import Report
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace
    from reconciler.planning.saved import SavedPlan


def _actions(text: str) -> frozenset[Action]:
    """Comma-separated kinds of change."""
    known = {"create": Action.CREATE, "delete": Action.DELETE, "replace": Action.REPLACE}
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or any(word not in known for word in words):
        raise ValueError(f"'{text}' is not a list of create, delete, replace")
    return frozenset(known[word] for word in words)


@click.command(
    cls=Command,
    help="Create, replace and delete custom domains to match the manifest.\n\n"
    "With PLANFILE, run exactly that saved plan, or nothing if it is stale. Without, plan, show and ask.\n\n"
    "Without a terminal, use --auto-approve, --expect-digest or PLANFILE.",
    exit_codes=[
        ("0", "done, or nothing to do"),
        ("3, 4", "with --wait: not ready in time, or stuck"),
        ("5", "refused: nothing was written"),
        ("6", "partial: something was written, not all of it"),
        ("7, 8", "keys or network: nothing was written"),
    ],
    examples=[
        ("reconciler apply", "Plan, ask, apply"),
        ("reconciler apply plan.json --receipt r.json", "Apply a reviewed plan, keep a report"),
        ("reconciler apply --expect-digest sha256:…", "Apply if the plan is the approved one"),
        ("reconciler apply --auto-approve --wait 15m", "Apply, then wait for readiness"),
    ],
)
@click.argument("planfile", required=False, metavar="[PLANFILE]")
@shared("apply")
@option("--auto-approve", group=CONSENT, is_flag=True, help="Skip the confirmation prompt.")
@option(
    "--allow",
    group=CONSENT,
    type=Value("KINDS", _actions),
    help="Accept only these changes. Example: create,delete.",
)
@option("--expect-digest", group=CONSENT, type=DIGEST, help="Apply only a plan with this digest.")
@guard_options
@option("--believe-absent", group=CONSENT, is_flag=True, help="Continue even if all custom domains have disappeared.")
@option(
    "--on-create-failure",
    type=click.Choice(["restore", "leave"]),
    default="restore",
    show_default=True,
    help="Restore the old hostname if the create after its delete fails.",
)
@option(
    "--step-timeout",
    type=DURATION,
    default=120.0,
    help="Time limit of each step with its retries. Default: 2m.",
)
@option("--receipt", metavar="FILE", help="Write a report to FILE, complete at any moment with FILE.journal.")
@option("--wait", type=DURATION, help="After applying, wait up to DURATION for readiness.")
@option("--publish", metavar="CONFIG", help="Publish the DNS records of each create with octoDNS.")
@option(
    "--allow-zone-rewrite",
    group=CONSENT,
    is_flag=True,
    help="With --publish: accept providers that rewrite the whole zone.",
)
@SERVER_OPTION
@NO_DNS_OPTION
def apply(options: Options, **given: Any) -> ExitCode:
    """Run the command."""
    request = _Request(**given)
    if request.planfile is not None and (options.names or options.selectors or options.shard):
        raise click.UsageError("a saved plan keeps its own selection: leave out --env, --selector and --shard")

    if not request.step_timeout:
        raise click.UsageError("--step-timeout must be at least 1 s")
    return run_online(
        options,
        lambda workspace, context: _apply(options, request, workspace, context),
        open_=lambda: _open(options, request),
        wait=request.wait or 0.0,
        outputs=[request.receipt, request.journal],
        finish=request.correct_receipt,
        inputs=[request.planfile, request.publish, request.guards.base],
    )


@dataclass(frozen=True)
class _Request:
    """The options of this command."""

    planfile: str | None
    auto_approve: bool
    allow: frozenset[Action] | None
    expect_digest: str | None
    guards: GuardOptions
    believe_absent: bool
    on_create_failure: str
    step_timeout: float
    receipt: str | None
    wait: float | None
    publish: str | None
    allow_zone_rewrite: bool
    dns_servers: tuple[AnyServer, ...]
    no_dns: bool

    @property
    def journal(self) -> str | None:
        from reconciler.operations.receipt import journal_path

        return None if self.receipt is None else journal_path(self.receipt)

    def correct_receipt(self, report: Report, code: ExitCode) -> ExitCode:
        """A run that failed, or whose output could not be written, leaves the receipt with the same end."""
        from reconciler.operations.receipt import correct

        if self.receipt is not None and isinstance(report.content, ApplyResult) and not correct(self.receipt, report):
            click.echo(finish_lines(f"error: could not write the receipt {self.receipt}\n"), nl=False, err=True)
            return code or ExitCode.ERROR
        return code

    @cached_property
    def saved(self) -> SavedPlan | None:
        """The saved plan of the plan file, which is read once. Raises Stopped."""
        from reconciler.operations.saved_plan import read_saved_plan

        return read_saved_plan(self.planfile) if self.planfile is not None else None


def _open(options: Options, request: _Request) -> Workspace:
    """The workspace, narrowed to the environments of the plan file where there is one."""
    return open_workspace(options, among=request.saved.desired if request.saved else None)


async def _apply(options: Options, request: _Request, workspace: Workspace, context: Context) -> ApplyResult:
    from reconciler.cli.approval import PlanApproval, override_hint
    from reconciler.operations.apply import ApplySettings, blocked
    from reconciler.operations.apply import apply as operation
    from reconciler.operations.publish import PublishSettings

    proposal = await _propose(options, request, workspace, context)
    approve = PlanApproval(options.log, request.expect_digest, request.auto_approve or request.planfile is not None)
    if proposal.blocks:
        approve.show(proposal)
        raise Stopped(blocked(proposal, override_hint(proposal.blocks)))
    settings = ApplySettings(
        restore=request.on_create_failure == "restore",
        step_timeout=request.step_timeout,
        receipt=request.receipt,
        wait=request.wait,
        dns=dns_of(request.dns_servers, request.no_dns),
        publish=PublishSettings(request.publish, request.allow_zone_rewrite) if request.publish else None,
    )
    return await operation(workspace, context, proposal, approve, settings)


async def _propose(options: Options, request: _Request, workspace: Workspace, context: Context) -> Proposal:
    from reconciler.operations.propose import consent_of, propose
    from reconciler.operations.receipt import earlier_in
    from reconciler.operations.saved_plan import reopen

    consent = consent_of(
        workspace,
        request.guards.load(options.inputs()),
        allow=request.allow,
        earlier=earlier_in(request.receipt),
        believe_absent=request.believe_absent,
    )
    if request.saved is None:
        return await propose(workspace, context, consent)
    return await reopen(workspace, context, request.saved, consent)
