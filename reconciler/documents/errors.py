"""Errors of the API and of steps, in documents. That of a step has its hint; an error of the API has that of its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.errors import KINDS, BackendError, Conflict
from reconciler.model.report import StepError

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def error_object(error: BackendError | StepError) -> Object:
    return {"kind": error.kind, "status": error.status, "error_type": error.error_type, "message": error.message}


def step_error_object(error: StepError) -> Object:
    """The error that ended a step or a restore."""
    return {**error_object(error), "hint": error.hint}


def backend_error_of(item: Object) -> BackendError:
    kind = KINDS.get(item["kind"], BackendError)
    return kind(item["message"], status=item["status"], error_type=item["error_type"])


def step_error_of(item: Object, *, of_create: bool) -> StepError:
    """The error that ended a step or a restore, which is a create. Older documents have no hint."""
    kind = KINDS.get(item["kind"])
    usual = Conflict.create_hint if kind is Conflict and of_create else kind.hint if kind else None
    hint = item.get("hint", usual)
    return StepError(item["kind"], item["message"], item["status"], item["error_type"], hint)
