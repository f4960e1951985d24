"""Why a step did not reach its goal, in the words of the report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.domains import Known, Present
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Identity
from reconciler.model.report import StepError

if TYPE_CHECKING:
    from reconciler.model.backend import BackendError
    from reconciler.model.plan import Precondition


INTERRUPTED = StepError(
    "interrupted",
    "ended while this step was on its way: whether it happened is not known",
    hint="run apply again: it reads what is live before it does anything",
    exit_code=ExitCode.PARTIAL,
)


class StepFailed(Exception):
    """The step did not reach its goal. `uncertain` says that the write may have happened all the same."""

    def __init__(self, error: StepError, *, uncertain: bool = False) -> None:
        super().__init__(error.message)
        self.error = error
        self.uncertain = uncertain


def failed(failure: BackendError) -> StepFailed:
    """It did not happen, for this reason."""
    return StepFailed(_from_backend(failure))


def not_done(failure: BackendError) -> StepFailed:
    """It may have happened, and did not."""
    error = _from_backend(failure)
    return StepFailed(replace(error, message=f"{failure.message}; reading back shows that it did not happen"))


def not_checked(failure: BackendError) -> StepFailed:
    """A check leaves no trace of its own, so only what it was for can be looked at."""
    told = f"{failure.message}; whether it was checked is not known, and reading back shows that it is not ready"
    return StepFailed(replace(_from_backend(failure), message=told, hint="run `reconciler verify` to check again"))


def unknown(environment: str, failure: BackendError, unread: BackendError) -> StepFailed:
    """Nobody knows whether it happened."""
    error = replace(
        _from_backend(failure),
        kind="unknown",
        message=f"{failure.message}; whether it happened is not known, because reading back failed too: {unread.message}",
        hint=f"look at `{environment}` with `reconciler status`, then run apply again",
    )
    return StepFailed(error, uncertain=True)


def changed(environment: str, expected: Precondition, live: Known) -> StepFailed:
    """The environment is not as it was when it was read."""
    return StepFailed(
        StepError(
            "changed",
            f"`{environment}` was changed by someone else: expected {_words(expected)}, found {_found(live)}",
            hint="nothing more was done there; look at the change, then plan again",
            exit_code=ExitCode.REFUSED,
        )
    )


def because(failed: str) -> StepError:
    """The step was not started, since the one with this id was not done."""
    return StepError(
        "dependency",
        f"not started, because `{failed}` was not done",
        hint="mend the cause of that failure, then run apply again",
        exit_code=ExitCode.PARTIAL,
    )


def _from_backend(failure: BackendError) -> StepError:
    return StepError(failure.kind, failure.message, failure.status, failure.error_type, failure.hint, failure.exit_code)


def _words(expected: Precondition) -> str:
    if isinstance(expected, Identity):
        return f"`{expected.hostname}`" + (f" with id {expected.id}" if expected.id else "")
    return "no custom domain"


def _found(live: Known) -> str:
    return f"`{live.domain.hostname}` with id {live.domain.id}" if isinstance(live, Present) else "no custom domain"
