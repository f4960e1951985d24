"""Why a step did not reach its goal, in the words of the report. All wording of the engine is here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.domains import Known, Present, Unreadable
from reconciler.model.errors import Conflict, NoAnswer
from reconciler.model.report import StepError
from reconciler.model.steps import Create, Delete, Identity, step_name

if TYPE_CHECKING:
    from reconciler.model.errors import BackendError
    from reconciler.model.steps import Precondition, Step


INTERRUPTED = StepError(
    "interrupted",
    "interrupted in flight: the outcome is unknown",
    hint="run apply again: it reads live before it writes",
)
STOPPED_BY_BUG = StepError("internal_error", "not started: another step has met an internal error")
STOPPED_BY_SIGNAL = StepError(
    "interrupted",
    "not started: the run was interrupted",
    hint="run apply again to continue",
)


def restoring(environment: str, hostname: str) -> str:
    """The notice before the old hostname is created again, which may take as long as a step."""
    return f"restoring {hostname} in {environment}"


def interrupted_live(step: Step) -> Unreadable:
    """What is live while the write of `step` is in flight, or where its end was not seen."""
    return Unreadable(NoAnswer(f"`{step.name}` {INTERRUPTED.message}"))


def window_closed(windows: str) -> StepError:
    """No further delete interrupts a serving hostname, because none of these change windows is open."""
    return StepError(
        "outside_change_window",
        f"not started: the change windows have closed ({windows})",
        hint="run apply again in a change window, or with --ignore-window",
    )


def not_published() -> StepError:
    """No further delete interrupts a serving hostname, because the records of the next create may not be published either."""
    return StepError(
        "not_published",
        "not started: DNS records of an earlier create could not be published",
        hint="fix what the provider reports, run `reconciler dns sync`, then run apply again",
    )


class StepFailed(Exception):
    """The step did not reach its goal. `uncertain`: the write may have happened; `shown`: a read has shown that, and the next
    one failed. `cause` is the answer or the lack of one, `waited` seconds ago; None where a read showed what is wrong.
    `retry_after` is how many more seconds the API asks to wait."""

    def __init__(
        self,
        error: StepError,
        *,
        uncertain: bool = False,
        shown: bool = False,
        cause: BackendError | None = None,
        waited: float = 0.0,
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.uncertain = uncertain
        self.shown = shown
        self.cause = cause
        self.retry_after = max(0.0, (cause.retry_after or 0.0) - waited) if cause else 0.0


def failed(step: Step, failure: BackendError) -> StepFailed:
    """It did not happen, for this reason."""
    return StepFailed(_from_backend(step, failure), cause=failure)


def no_time_left(step: Step, failure: BackendError, step_timeout: float) -> StepFailed:
    """It did not happen, and the step timeout ends before the next attempt."""
    message = f"{failure.message}; the step timeout of {step_timeout:g} s leaves no time for another attempt"
    return StepFailed(replace(_from_backend(step, failure), message=message), cause=failure)


def not_done(step: Step, failure: BackendError, waited: float) -> StepFailed:
    """It may have happened, and did not. The answer came `waited` seconds ago."""
    error = _from_backend(step, failure)
    message = f"{failure.message}; a re-read shows that it was not applied"
    return StepFailed(replace(error, message=message), cause=failure, waited=waited)


def not_checked(step: Step, failure: BackendError) -> StepFailed:
    """A check leaves no trace of its own: only readiness can be read."""
    message = f"{failure.message}; the outcome is unknown, and a re-read shows that the domain is not ready"
    error = replace(_from_backend(step, failure), message=message, hint="run `reconciler verify` to check again")
    return StepFailed(error, cause=failure)


def unknown(step: Step, failure: BackendError, unread: BackendError, *, shown: bool) -> StepFailed:
    """The write may have happened."""
    error = replace(
        _from_backend(step, failure),
        kind="unknown",
        message=f"{failure.message}; the outcome is unknown, because the re-read failed too: {unread.message}",
        hint=f"check `{step.environment}` with `reconciler status`, then run apply again",
    )
    return StepFailed(error, uncertain=True, shown=shown, cause=unread)


def still_shown(environment: str, live: Known, seconds: float) -> StepFailed:
    """A delete was acknowledged, and reads do not show it."""
    return StepFailed(
        StepError(
            "still_shown",
            f"the delete in `{environment}` was acknowledged, but after {seconds:g} s of re-reads"
            f" the API still returns {_live(live)}",
            hint=f"check `{environment}` with `reconciler status`, then run apply again",
        )
    )


def changed(environment: str, expected: Precondition, live: Known, *, uncertain: bool = False) -> StepFailed:
    """The environment is not as it was when it was read."""
    return StepFailed(
        StepError(
            "changed",
            f"`{environment}` was changed by someone else: expected {_expected(expected)}, got {_live(live)}",
            hint="nothing more was written there: check the change, then run plan again",
        ),
        uncertain=uncertain,
    )


def serves_now(step: Delete) -> StepFailed:
    """An interruption that was not approved, and that no limit or change window was checked for."""
    return StepFailed(
        StepError(
            "changed",
            f"`{step.environment}` was changed: {step.hostname} may serve traffic now, and did not when it was planned",
            hint="nothing was written there: run plan again",
        )
    )


def dependency(step_id: str) -> StepError:
    """The step was skipped, since the one with this id was not done."""
    return StepError(
        "dependency",
        f"`{step_name(step_id)}` was not done",
        hint="fix the error above, then run apply again",
    )


def stopped(reason: str, cause: StepError) -> StepError:
    """No further delete is sent, for this reason."""
    what = " ".join(str(part) for part in (cause.status, cause.error_type) if part) or cause.kind
    return StepError(
        "stopped",
        f"not started: {reason} ({what})",
        cause.status,
        cause.error_type,
        hint="fix the error above, then run apply again",
    )


def wrong_environment(environment: str, what: str, undo: str) -> StepError:
    """A create landed in another Environment. `what` names it; `undo` is what happened to the create."""
    return StepError(
        "wrong_environment",
        f"the key of `{environment}` opens {what}; {undo}",
        hint="give the environment the key of its own Environment, then run apply again",
    )


def not_seen(environment: str) -> StepError:
    """A delete of an earlier run that was taken for done: the environment has no custom domain where its key looks."""
    return StepError("wrong_environment", f"not started: the key of `{environment}` opens another Environment")


def claimed(environment: str, pin: str | None, error: StepError) -> StepError:
    """A conflict of a create with a key whose Environment nothing has shown: the hostname may be live where it should be."""
    compare = f"compare the key with Environment {pin}" if pin else "check that the key is of the right Environment"
    about = "the pin" if pin else "the key"
    hint = (
        f"{compare} first: {about} of `{environment}` could not be checked, because the Environment of the key has no"
        f" custom domain. If the key is right, {error.hint}"
    )
    return replace(error, hint=hint)


def _from_backend(step: Step, failure: BackendError) -> StepError:
    hint = failure.hint_beside(others_answered=True)
    if isinstance(step, Create) and failure.kind == "refused" and hint is None:
        hint = f"correct the hostname of `{step.environment}` in the manifest, then run apply again"
    if isinstance(step, Delete) and isinstance(failure, Conflict):
        hint = f"nothing was deleted: check `{step.environment}` in the Imgwire dashboard, then run apply again"
    return StepError(failure.kind, failure.message, failure.status, failure.error_type, hint)


def _expected(expected: Precondition) -> str:
    if isinstance(expected, Identity):
        return f"`{expected.hostname}`" + (f" with id {expected.id}" if expected.id else "")
    return "no custom domain"


def _live(live: Known) -> str:
    return f"`{live.domain.hostname}` with id {live.domain.id}" if isinstance(live, Present) else "no custom domain"
