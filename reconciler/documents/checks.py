"""Checks of `doctor`, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.doctor import Check, CheckState
from reconciler.model.escape import escape_control
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def check_object(item: Check) -> Object:
    return {
        "name": item.name,
        "state": str(item.state),
        "message": escape_control(item.message),
        "hint": escape_control(item.hint) if item.hint else None,
        "exit_code": int(item.exit_code),
    }


def check_of(item: Object) -> Check:
    return Check(item["name"], CheckState(item["state"]), item["message"], item["hint"], ExitCode(item["exit_code"]))
