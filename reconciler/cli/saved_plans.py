"""From a plan file to the plan that is left to do, or a refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from reconciler.cli.failure import Failure
from reconciler.files import MAX_DOCUMENT_BYTES, read_bounded
from reconciler.model.domains import Unreadable
from reconciler.model.exit_codes import ExitCode
from reconciler.planning.guards import MISTAKEN_CODES, blocks
from reconciler.planning.outcome import of_reading
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.cli.session import Session
    from reconciler.model.environments import Manifest
    from reconciler.model.plan import Block, Plan
    from reconciler.planning.guards import Consent

_STANDARD_INPUT = "<stdin>"  # as files are named in documents and diagnostics


def from_file(
    session: Session, path: str, consent_of: Callable[[Manifest, frozenset[str]], Consent]
) -> tuple[Plan, tuple[Block, ...], int]:
    """What is left to do of a saved plan, what blocks it, and the limit of interruptions.

    Every environment of the plan is read again. One that has steps must be readable and must fit the plan; of the others only
    the state is told. Raises Failure, InvalidInput.
    """
    saved = _read(path)
    session.approved = saved.digest
    if _STANDARD_INPUT in saved.files and not session.options.files:
        raise Failure(
            ExitCode.USAGE, "usage", f"{path} was made from a manifest on standard input", "give the manifest with -f"
        )
    manifest = session.manifest(saved.files)
    by_name = {environment.name: environment for environment in manifest.environments}
    assert session.source is not None  # noqa: S101 - the manifest was just loaded
    refused = unusable(saved, session.source.api_url, datetime.now(UTC), by_name)
    if refused:
        listed = "; ".join(block.message for block in refused)
        raise Failure(ExitCode.REFUSED, refused[0].code, listed, "plan again, then apply the new plan", blocks=refused)
    from reconciler.api.backend import Access

    chosen = [by_name[name] for name in saved.wishes if name in by_name]
    credentials = session.credentials(chosen)
    live = session.read(chosen, session.backend(chosen, credentials, Access.READ))
    whole = session.plan(chosen, live)
    plan = session.plan([item for item in chosen if item.name in saved.concerned], live)
    if not plan.complete:
        unread = next(item for item in plan.items if isinstance(item.live, Unreadable))
        message = f"nothing was applied, because `{unread.name}` could not be read and held against the plan"
        raise Failure(of_reading(plan), "unreadable", message, "run the same command again once it can be", plan)
    seen = frozenset(name for name, record in saved.before.items() if record is not None)
    consent = consent_of(manifest, seen)
    mistaken = [block for block in blocks(whole, consent) if block.code in MISTAKEN_CODES]
    found = (*mistaken, *stale(saved, plan), *(block for block in blocks(plan, consent) if block not in mistaken))
    return with_rest(with_done(saved, plan), whole), found, consent.max_interruptions


def _read(path: str) -> SavedPlan:
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
        raise Failure(
            ExitCode.REFUSED,
            "other_format",
            f"{path} is a document of another format: {other}",
            "make a plan with this version: reconciler plan --out FILE",
        )
    problem = _against_schema(document)
    if problem is not None:
        raise _unusable(path, f"is not a plan: {problem}")
    try:
        return from_document(document)
    except (NotAPlan, ValueError, KeyError, TypeError) as error:
        raise _unusable(path, f"cannot be applied: {error}") from None


def _against_schema(document: object) -> str | None:
    import jsonschema

    from reconciler.schema_files import read_schema

    validator = jsonschema.Draft202012Validator(json.loads(read_schema("plan")))
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the document"
    return f"{place} does not fit the plan schema ({error.validator})"


def _unusable(path: str, what: str) -> Failure:
    return Failure(ExitCode.DATA, "invalid_plan_file", f"{path} {what}", "make a new plan: reconciler plan --out FILE")
