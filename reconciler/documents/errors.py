"""Errors of the API and of steps, in documents. Their hints are not written: most errors have that of their kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.errors import KINDS, BackendError, Conflict
from reconciler.model.report import StepError

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def error_object(error: BackendError | StepError) -> Object:
    return {"kind": error.kind, "status": error.status, "error_type": error.error_type, "message": error.message}


def backend_error_of(item: Object) -> BackendError:
    kind = KINDS.get(item["kind"], BackendError)
    return kind(item["message"], status=item["status"], error_type=item["error_type"])


def step_error_of(item: Object, *, of_create: bool) -> StepError:
    """The error that ended a step or a restore, which is a create."""
    kind = KINDS.get(item["kind"])
    hint = Conflict.create_hint if kind is Conflict and of_create else kind.hint if kind else None
    return StepError(item["kind"], item["message"], item["status"], item["error_type"], hint)
