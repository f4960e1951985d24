"""What an exception amounts to that no operation expected. Pure."""

from __future__ import annotations

from reconciler.model.conclusion import conclude
from reconciler.model.errors import BackendError
from reconciler.model.exit_codes import ExitCode, code_of, worst
from reconciler.model.results import Crashed, Failed


def failure_of(error: Exception) -> Failed:
    """A failure of the API, or a bug. What a crashed apply has done by then is kept."""
    if isinstance(error, BackendError):
        return Failed(code_of(error.kind), error.kind, error.message, error.hint)
    so_far = error.so_far if isinstance(error, Crashed) else None
    cause = error.__cause__ if isinstance(error, Crashed) else error
    return Failed(
        worst([ExitCode.ERROR, conclude(so_far).exit_code]) if so_far else ExitCode.ERROR,
        "internal_error",
        f"internal error: {type(cause).__name__}",
        "this is a defect of the tool: run it again with -vv and report what it prints",
        so_far=so_far,
    )
