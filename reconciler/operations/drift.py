"""`drift`: what differs from the manifest, and from an earlier run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.files import MAX_DOCUMENT_BYTES, read_bounded
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import MISTAKEN_CODES
from reconciler.model.results import DriftResult, Failed, Stopped
from reconciler.operations.propose import survey
from reconciler.planning.baseline import Baseline, NotABaseline, from_document
from reconciler.planning.drift import findings

if TYPE_CHECKING:
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def drift(
    workspace: Workspace, context: Context, *, baseline: Baseline | None = None, health: bool = False
) -> DriftResult:
    """Compare live with the manifest and with the baseline, with GET requests only. `health` counts health problems.

    Raises Stopped where a record is not of the environment that it was read for.
    """
    seen = await survey(workspace, context)
    plan = seen.plan
    unknown = [f"`{item.name}`" for item in plan.items if baseline and item.name not in baseline.live]
    if unknown:
        listed = ", ".join(unknown[:5]) + (" …" if len(unknown) > 5 else "")
        context.observer.on_notice("info", f"The baseline tells nothing of {listed}")
    mistaken = next((block for block in seen.blocks if block.code in MISTAKEN_CODES), None)
    if mistaken is not None and plan.complete:
        so_far = DriftResult(plan, seen.blocks)
        raise Stopped(Failed(ExitCode.REFUSED, mistaken.code, mistaken.message, so_far=so_far))
    return DriftResult(plan, seen.blocks, findings(plan, baseline, health=health))


def read_baseline(path: str) -> Baseline:
    """What the run that wrote this file saw. Raises Stopped."""
    try:
        content = read_bounded(path, MAX_DOCUMENT_BYTES)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise _unusable(path, "is not JSON") from None
    try:
        return from_document(document)
    except NotABaseline as error:
        raise _unusable(path, str(error)) from None


def _unusable(path: str, what: str) -> Stopped:
    hint = "give a receipt of `apply`, or what `drift --format json` wrote"
    return Stopped(Failed(ExitCode.DATA, "invalid_baseline", f"the baseline {path} {what}", hint))
