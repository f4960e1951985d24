"""A saved plan: written for a later `apply`, and reopened as what is left to do of it."""

from __future__ import annotations

import contextlib
import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.documents.format import PLAN, REPORT
from reconciler.documents.reports import render_plan
from reconciler.documents.saved_plan import SavedPlan, check_size, other_format, saved_plan_of
from reconciler.documents.schema import misfit
from reconciler.documents.steps import NotAPlan
from reconciler.files import MAX_DOCUMENT_BYTES, descriptor_of, read_bounded, remove, write_atomic
from reconciler.model.conclusion import reading_code
from reconciler.model.domains import Absent, Unreadable
from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.escape import escape_control
from reconciler.model.exit_codes import ExitCode
from reconciler.model.ledger import Ledger, with_earlier
from reconciler.model.listing import first_of
from reconciler.model.plan import IDENTITY_CODES, PLAN_ERROR_CODES
from reconciler.model.proposal import Proposal
from reconciler.model.results import ApplyResult, Failed, PlanResult, Stopped
from reconciler.model.steps import Create, Delete
from reconciler.operations.propose import (
    consent_of,
    cut_moves_of,
    left_unserved,
    outside_windows,
    read,
    windows_of,
    with_base_read,
)
from reconciler.operations.reports import report
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan
from reconciler.planning.saved import refusals, stale, with_done, with_rest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.model.environments import Source
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Unserved
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace

_PLAN_AGAIN = "Run `reconciler plan` again"


def can_be_saved(result: PlanResult) -> bool:
    """A plan is saved only if every block can be lifted when it is applied. An identity error or half a move cannot."""
    return all(block.override is not None and block.code not in PLAN_ERROR_CODES for block in result.blocks)


def save_plan(path: str, workspace: Workspace, context: Context, result: PlanResult) -> None:
    """Write the report of a plan, for `apply FILE`. Raises Stopped."""
    try:
        write_atomic(path, render_plan(report("plan", workspace, context, result)))
    except OSError as error:
        message = f"could not save the plan to {path}: {error.strerror or error}"
        hint = "name a file in an existing folder that can be written, or leave out --out"
        failed = Failed(ExitCode.ERROR, "not_written", message, hint, so_far=PlanResult(result.proposal))
        raise Stopped(failed) from None


def discard(path: str, *, anything: bool) -> bool:
    """Remove an older plan at `path`, because this run saved none: a pipeline must not apply it by mistake.

    `anything` removes whatever file is there. It is for a path that is known to be no input of this run. True where there
    was a file.
    """
    if not (anything or _document(path).get("format") == PLAN) or descriptor_of(path) is not None:
        return False
    try:
        return remove(path)
    except OSError:
        with contextlib.suppress(OSError):
            write_atomic(path, "")
        return True


def discard_named(arguments: Sequence[str]) -> None:
    """Remove the older plan that `--out` names on a command line that could not be read."""
    for word, following in zip(arguments, (*arguments[1:], ""), strict=True):
        path = following if word == "--out" else word.removeprefix("--out=") if word.startswith("--out=") else ""
        if path:
            discard(path, anything=False)


def is_receipt(path: str) -> bool:
    """It is the report of an apply: the next one needs it to know which hostnames are to be served again."""
    document = _document(path)
    return document.get("format") == REPORT and document.get("command") == "apply"


def _document(path: str) -> dict[str, Any]:
    """The object in a JSON file, empty for anything else. A pipe, which would be read until it ends, is not read."""
    if descriptor_of(path) is not None:
        return {}
    try:
        document = json.loads(read_bounded(path, MAX_DOCUMENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def read_saved_plan(path: str) -> SavedPlan:
    """The saved plan of a file. Raises Stopped where it is none, or was edited."""
    try:
        content = read_bounded(path, MAX_DOCUMENT_BYTES)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise _unusable(path, "is not JSON") from None
    other = other_format(document)
    if other is not None:
        is_report = document["format"] == REPORT
        message = (
            f"{path} is a {'report or receipt, not a plan' if is_report else 'document of another format'}: {other}"
        )
        hint = "make a new plan: `reconciler plan --out FILE`"
        raise Stopped(Failed(ExitCode.REFUSED, "other_format", message, hint))
    try:
        check_size(document)
        problem = misfit(document, "plan")
        if problem is not None:
            raise NotAPlan(problem)
        return saved_plan_of(document)
    except (NotAPlan, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, f"cannot be applied: {error}") from None


async def reopen(
    workspace: Workspace,
    context: Context,
    saved: SavedPlan,
    consent: Consent | None = None,
    *,
    plan_again: str | None = None,
) -> Proposal:
    """What is left to do of a saved plan, and what blocks it. All guards run again.

    Every environment of the plan is read again. One that has steps must be readable and must match the plan; of the others
    only the state is reported. The workspace must be narrowed to the environments of the plan. `plan_again` is the command
    line that makes a new plan at the same place, without the selection. Raises Stopped.
    """
    by_name = {environment.name: environment for environment in workspace.manifest.environments}
    refused = refusals(saved, workspace.api_url, context.clock(), by_name)
    consent = outside_windows(workspace.manifest, context.clock(), consent or consent_of(workspace))
    again = _plan_again(saved, plan_again, by_name)
    if any(block.code == "stale_plan" for block in refused):
        again = _other_files(saved.source, workspace.source) or again
    if saved.api_url == EMULATOR_API_URL != workspace.api_url:
        again = "Add --emulator to apply it to the emulator."
    if refused:
        raise Stopped(_refused(saved, refused, consent.earlier.unserved, again))
    live = await read(workspace, context, workspace.selected)
    whole = build_plan(workspace.selected, live, workspace.api_url)
    concerned = [item for item in workspace.selected if item.name in saved.concerned]
    plan = build_plan(concerned, live, workspace.api_url)
    unserved = left_unserved(workspace, whole, consent.earlier)
    if not plan.complete:
        raise Stopped(_unreadable(saved, plan, whole, unserved))
    consent = await with_base_read(workspace, context, consent, plan)
    consent = replace(consent, earlier=saved.earlier | consent.earlier)
    mistaken = tuple(block for block in blocks(whole, consent) if block.code in IDENTITY_CODES)
    changed = stale(saved, plan)
    if changed and not mistaken:
        raise Stopped(_refused(saved, changed, unserved, again))
    guards = (block for block in blocks(plan, consent, whole.environments) if block not in mistaken)
    all_blocks = (*mistaken, *changed, *await cut_moves_of(workspace, context, plan, live), *guards)
    left = with_rest(with_done(saved, plan), whole)
    _warn_unseen(context, left)
    windows = windows_of(workspace.manifest, consent)
    return Proposal(left, saved.digest, all_blocks, consent.max_interruptions, windows=windows, unserved=unserved)


def _warn_unseen(context: Context, plan: Plan) -> None:
    """A delete that was done before this run looks like a key of another Environment. A create after it would show that."""
    creating = {step.environment for step in (*plan.steps, *plan.done) if isinstance(step, Create)}
    absent = {item.name for item in plan.environments if isinstance(item.live, Absent)}
    names = [
        step.environment for step in plan.done if isinstance(step, Delete) and step.environment in absent - creating
    ]
    if names:
        listed = first_of(f"`{name}`" for name in names)
        text = f"{listed}: no custom domain is there now. An earlier run has deleted it, or the key is of another Environment"
        context.observer.on_notice("warning", text)


def _plan_again(saved: SavedPlan, command: str | None, listed: Collection[str]) -> str:
    """How to make a plan in place of the saved one, with its selection."""
    if command is None:
        return f"{_PLAN_AGAIN}."
    source = replace(saved.source, names=tuple(name for name in saved.source.names if name in listed))
    line = shlex.join([*shlex.split(command), *source.options])
    return f"{_PLAN_AGAIN}, as below. Then review and apply the new plan.\n`{escape_control(line)}`"


def _other_files(planned: Source, now: Source) -> str | None:
    """The hint where this run reads other manifests than the plan was made from; None where it reads the same."""
    before, after = ({file.path for file in source.files} for source in (planned, now))
    if before == after:
        return None
    made, read_now = first_of(sorted(before)), first_of(sorted(after))
    return (
        f"The plan was made from {made}, and this run reads {read_now}. Name the same manifest with -f, or plan again."
    )


def _refused(saved: SavedPlan, refused: tuple[Block, ...], unserved: tuple[Unserved, ...], hint: str) -> Failed:
    """A saved plan that cannot be applied. It has no steps to show: what would be planned now was never approved."""
    more = f" ({len(refused) - 1} more)" if len(refused) > 1 else ""
    message = f"nothing was applied: {refused[0].message}{more}"
    code, digest = refused[0].code, saved.digest
    return Failed(ExitCode.REFUSED, code, message, hint, blocks=refused, digest=digest, unserved=unserved)


def _unreadable(saved: SavedPlan, plan: Plan, whole: Plan, unserved: tuple[Unserved, ...]) -> Failed:
    """Nothing is written while one of the environments with steps cannot be compared with the saved plan. What an earlier run
    has deleted and not created again is reported anyway."""
    name, error = next((item.name, item.live.error) for item in plan.environments if isinstance(item.live, Unreadable))
    more = f" ({len(plan.unreadable) - 1} more environments)" if len(plan.unreadable) > 1 else ""
    message = f"nothing was applied: `{name}` could not be read: {error.message}{more}"
    hint = f"{error.hint}\nThen apply the saved plan again." if error.hint else "Apply the saved plan again."
    left = with_rest(with_done(saved, plan), whole)
    applied = Ledger(left).snapshot()
    applied = replace(applied, unserved=with_earlier(applied.unserved, unserved))
    so_far = ApplyResult(Proposal(left, saved.digest), applied)
    if applied.unserved:
        hint += "\nAn earlier run left hostnames offline. `reconciler apply` without the file repairs what can be read."
    return Failed(reading_code(plan), "unreadable", message, hint, so_far=so_far, digest=saved.digest)


def _unusable(path: str, what: str) -> Stopped:
    is_manifest = path.endswith((".yaml", ".yml"))
    hint = "give a manifest with --file" if is_manifest else "make a new plan: `reconciler plan --out FILE`"
    return Stopped(Failed(ExitCode.DATA, "invalid_plan_file", f"{path} {what}", hint))
