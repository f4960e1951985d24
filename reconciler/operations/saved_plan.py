"""A saved plan: written for a later `apply`, and reopened as what is left to do of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.files import MAX_DOCUMENT_BYTES, read_bounded, write_atomic
from reconciler.model.conclusion import reading_code
from reconciler.model.domains import Unreadable
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import MISTAKEN_CODES
from reconciler.model.proposal import Proposal
from reconciler.model.results import Failed, PlanResult, Stopped
from reconciler.operations.propose import read
from reconciler.operations.reports import report
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan
from reconciler.planning.saved import (
    NotAPlan,
    SavedPlan,
    from_document,
    of_other_format,
    stale,
    unusable,
    with_done,
    with_rest,
)
from reconciler.render.json_v1 import render_plan

if TYPE_CHECKING:
    from reconciler.model.plan import Block, Plan
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace

STANDARD_INPUT = "<stdin>"
"""As files are named in documents and diagnostics."""


def save_plan(path: str, workspace: Workspace, context: Context, result: PlanResult) -> None:
    """Write the report of a plan, for `apply FILE`. Raises Stopped."""
    try:
        write_atomic(path, render_plan(report("plan", workspace, context, result)))
    except OSError as error:
        message = f"could not save the plan to {path}: {error.strerror or error}"
        failed = Failed(ExitCode.ERROR, "not_written", message, so_far=PlanResult(result.proposal))
        raise Stopped(failed) from None


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
    other = of_other_format(document)
    if other is not None:
        message = f"{path} is a document of another format: {other}"
        hint = "make a plan with this version: reconciler plan --out FILE"
        raise Stopped(Failed(ExitCode.REFUSED, "other_format", message, hint))
    problem = _against_schema(document)
    if problem is not None:
        raise _unusable(path, f"is not a plan: {problem}")
    try:
        return from_document(document)
    except (NotAPlan, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, f"cannot be applied: {error}") from None


async def reopen(workspace: Workspace, context: Context, saved: SavedPlan, consent: Consent | None = None) -> Proposal:
    """What is left to do of a saved plan, and what blocks it. All guards run again.

    Every environment of the plan is read again. One that has steps must be readable and must fit the plan; of the others
    only the state is reported. The workspace must be narrowed to the environments of the plan. Raises Stopped.
    """
    by_name = {environment.name: environment for environment in workspace.manifest.environments}
    refused = unusable(saved, workspace.api_url, context.clock(), by_name)
    if refused:
        raise Stopped(_refused(saved, refused))
    consent = consent or Consent(max_interruptions=workspace.manifest.max_interruptions)
    live = await read(workspace, context, workspace.selected)
    whole = build_plan(workspace.selected, live, workspace.api_url)
    concerned = [item for item in workspace.selected if item.name in saved.concerned]
    plan = build_plan(concerned, live, workspace.api_url)
    if not plan.complete:
        raise Stopped(_unreadable(saved, plan))
    consent = replace(consent, earlier=saved.earlier | consent.earlier)
    mistaken = [block for block in blocks(whole, consent) if block.code in MISTAKEN_CODES]
    others = (block for block in blocks(plan, consent, whole.items) if block not in mistaken)
    found = (*mistaken, *stale(saved, plan), *others)
    return Proposal(with_rest(with_done(saved, plan), whole), saved.digest, found, consent.max_interruptions)


def _refused(saved: SavedPlan, refused: tuple[Block, ...]) -> Failed:
    message = "; ".join(block.message for block in refused)
    hint = "plan again, then apply the new plan"
    return Failed(ExitCode.REFUSED, refused[0].code, message, hint, blocks=refused, digest=saved.digest)


def _unreadable(saved: SavedPlan, plan: Plan) -> Failed:
    unread = next(item for item in plan.items if isinstance(item.live, Unreadable))
    message = f"nothing was applied, because `{unread.name}` could not be read and held against the plan"
    so_far = PlanResult(Proposal(plan, saved.digest))
    return Failed(reading_code(plan), "unreadable", message, "run the same command again once it can be", so_far=so_far)


def _against_schema(document: object) -> str | None:
    import jsonschema

    from reconciler.schema_files import read_schema

    validator = jsonschema.Draft202012Validator(json.loads(read_schema("plan")))
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the document"
    return f"{place} does not fit the plan schema ({error.validator})"


def _unusable(path: str, what: str) -> Stopped:
    hint = "make a new plan: reconciler plan --out FILE"
    return Stopped(Failed(ExitCode.DATA, "invalid_plan_file", f"{path} {what}", hint))
