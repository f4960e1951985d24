"""What happened: the state of each step, the verdict on each environment, and what now serves no traffic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.dns import LookupResult
    from reconciler.model.domains import Domain, Live
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Change


class StepState(StrEnum):
    """How a step ended."""

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class StepError:
    """Why a step failed, was skipped or was not started. `kind` is a stable word: a BackendError's, or one of the engine's
    own: `changed`, `dependency`, `interrupted`, `step_timeout`, `still_shown`, `stopped`, `unknown`, `wrong_environment`."""

    kind: str
    message: str
    status: int | None = None
    error_type: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """The state of one step, and the custom domain the API answered with."""

    state: StepState
    error: StepError | None = None
    domain: Domain | None = None

    @property
    def finished(self) -> bool:
        """Done, or a check that is postponed because DNS lacks the records."""
        return self.state is StepState.DONE or (self.error is not None and self.error.kind == "dns_not_ready")


@dataclass(frozen=True, slots=True)
class Restored:
    """A hostname that was created again after the write that should have followed its delete failed."""

    environment: str
    hostname: str
    domain: Domain


@dataclass(frozen=True, slots=True)
class RestoreFailure:
    """A hostname that could not be restored, and why."""

    environment: str
    hostname: str
    error: StepError


Restore = Restored | RestoreFailure


@dataclass(frozen=True, slots=True)
class Unserved:
    """A hostname that was live before the run and that no environment of the run is known to have now, unless the plan
    removed it on purpose. `since` is the id of the step that removed it, or found it gone.

    `run` is the time of the earlier run that had this step (RFC 3339), None for this run. `environment_id` is the Environment
    that had the hostname, None where it is not known: another manifest may have another Environment under the same name.
    `target` is the environment that the hostname was to move to, None where it was to move nowhere; `target_id` is its
    Environment, None where that is not known. `uncertain`: its delete was sent, and no read has shown the outcome. `domain_id` is
    the custom domain whose delete an earlier run has done: a read that shows it again is an old one.
    """

    hostname: str
    environment: str
    since: str
    run: str | None = None
    environment_id: str | None = None
    target: str | None = None
    target_id: str | None = None
    uncertain: bool = False
    domain_id: str | None = None

    @property
    def state(self) -> str:
        """What is known of it: an earlier run may have been killed before its delete arrived."""
        if self.run:
            return "has not been seen live"
        return "may serve no traffic" if self.uncertain else "serves no traffic now"

    @property
    def earlier_run(self) -> str:
        """What follows `since`, as people read it; empty for a step of this run."""
        return f" in the run of {self.run}" if self.run else ""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a run of the plan's steps did. `live` is what was last seen of every environment; unreadable where the outcome of
    a write is unknown."""

    results: Mapping[str, StepResult]
    live: Mapping[str, Live]
    restores: tuple[Restore, ...] = ()
    unserved: tuple[Unserved, ...] = ()
    writes_done: int = 0
    interrupted: ExitCode | None = None

    @property
    def restored(self) -> tuple[Restored, ...]:
        return tuple(item for item in self.restores if isinstance(item, Restored))


class Verdict(StrEnum):
    """The result of `verify` for one environment."""

    READY = "ready"
    WAITING = "waiting"
    STUCK = "stuck"
    ABSENT = "absent"
    DIFFERENT = "different"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verified:
    """One environment after a round of `test_connection`: the verdict, the reason in one sentence, and the records of its
    custom domain with their DNS lookups, if there were any. `wanted` is False where the manifest wants no custom domain."""

    environment: str
    verdict: Verdict
    live: Live
    message: str
    records: tuple[Record, ...] = ()
    wanted: bool = True


class DriftKind(StrEnum):
    """How live differs from desired, or from what a baseline saw."""

    HOSTNAME_DIFFERS = "hostname_differs"
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    RECREATED = "recreated"
    DNS_TARGETS_CHANGED = "dns_targets_changed"
    HEALTH_REGRESSED = "health_regressed"


class Cause(StrEnum):
    """The cause of a finding: live is what the baseline saw, or it is not."""

    NOT_APPLIED = "not_applied"
    CHANGED_OUTSIDE = "changed_outside"

    @property
    def words(self) -> str:
        """As people read it."""
        return "not applied yet" if self is Cause.NOT_APPLIED else "changed outside"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that drifted. `fingerprint` is equal for the same finding in every run.

    `cause` is None without a baseline. `counts` is False where the finding does not change the exit code. `left_offline`: the
    run of the baseline has deleted the hostname and not created another.
    """

    kind: DriftKind
    environment: str
    hostname: str | None
    message: str
    fingerprint: str
    changes: tuple[Change, ...] = ()
    cause: Cause | None = None
    counts: bool = True
    left_offline: bool = False

    @property
    def is_drift(self) -> bool:
        """Something changed or differs. A domain that is not ready yet, and was not ready before, has only its health."""
        return self.kind is not DriftKind.HEALTH_REGRESSED or bool(self.changes)

    @property
    def is_since(self) -> bool:
        """The changes are from what the baseline saw to live, not from live to desired."""
        return self.kind not in {DriftKind.MISSING, DriftKind.HOSTNAME_DIFFERS, DriftKind.UNEXPECTED}

    @property
    def sentence(self) -> str:
        """The message, and the cause where it is known."""
        return f"{self.message} ({self.cause_words})" if self.cause else self.message

    @property
    def cause_words(self) -> str:
        """The cause as people read it; empty where it is not known."""
        if self.left_offline and self.cause is Cause.NOT_APPLIED:
            return "left offline by the run of the baseline"
        return self.cause.words if self.cause else ""


@dataclass(frozen=True, slots=True)
class Record:
    """One CNAME to publish. `purpose` is `routing` or `validation`; names are without a trailing dot, and None where the API has
    not given them. `zone` is the registrable domain of the name, if known; `lookup` what DNS answered, where
    it was asked."""

    environment: str
    hostname: str
    purpose: str
    name: str | None
    value: str | None
    zone: str | None = None
    lookup: LookupResult | None = None

    @property
    def known(self) -> bool:
        """The API has given both the name and the value: only then can the record be published or looked up."""
        return self.name is not None and self.value is not None
