"""One result per command, the failure that any of them can end with, and the report that every renderer takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.model.delivery import delivery_host
from reconciler.model.diagnostics import Severity
from reconciler.model.digest import digest
from reconciler.model.escape import escape_control
from reconciler.model.history import NO_HISTORY, History
from reconciler.model.plan import IDENTITY_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.dns import DnsNote, Publication, ZoneChange
    from reconciler.model.doctor import Check
    from reconciler.model.environments import Source
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Block, EnvironmentPlan, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.proposal import Offline, Proposal
    from reconciler.model.report import Applied, Finding, Record, Unserved, Verified


@dataclass(frozen=True, slots=True)
class ValidateResult:
    """Manifests checked without keys and without network: every problem, or the number of environments and files."""

    diagnostics: tuple[Diagnostic, ...] = ()
    environments: int = 0
    files: int = 0
    source: Source | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Paths of the files that were read."""
        return tuple(file.path for file in self.source.files) if self.source else ()

    @property
    def message(self) -> str | None:
        """The result in one line; None where `diagnostics` has errors."""
        if any(item.severity is Severity.ERROR for item in self.diagnostics):
            return None
        counted = f"{self.environments} environment{'s' * (self.environments != 1)}"
        return f"Valid: {counted} in {self.files} file{'s' * (self.files != 1)}."


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What apply would do. A saved plan expires `expires_in` seconds after the report's time.

    `detailed` makes changes end with exit code 2. `saved_to` is the path of the saved plan, if there is one.
    """

    proposal: Proposal
    expires_in: int | None = None
    detailed: bool = False
    saved_to: str | None = None

    @property
    def plan(self) -> Plan:
        return self.proposal.plan

    @property
    def blocks(self) -> tuple[Block, ...]:
        return self.proposal.blocks

    @property
    def digest(self) -> str:
        return self.proposal.digest

    @property
    def offline(self) -> Offline | None:
        """The baseline that live was taken from; None where it was read."""
        return self.proposal.offline


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What a run of the proposal's steps did. `records` are the CNAMEs to publish for what was created or restored.

    After waiting, `verified` has a verdict for each desired hostname; `wait_interrupted` is the code of a signal that ended
    the waiting. `receipt_written` is False where the receipt is incomplete. `publications` are the records that were published,
    `other_changes` other records of their zones that changed meanwhile. `known` are the hostnames that earlier runs with the
    same receipt have seen, by environment, of the environments that this run has not read. `given_up` are hostnames that
    earlier runs deleted and left unserved, and that are not desired any more.
    """

    proposal: Proposal
    applied: Applied
    records: tuple[Record, ...] = ()
    verified: tuple[Verified, ...] = ()
    dns_notes: tuple[DnsNote, ...] = ()
    wait_interrupted: ExitCode | None = None
    receipt_written: bool = True
    publications: tuple[Publication, ...] = ()
    other_changes: tuple[ZoneChange, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)
    given_up: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        return self.proposal.plan

    @property
    def done_before(self) -> frozenset[str]:
        """The ids of the steps that an earlier run had done, unless this one has found that it had not."""
        return frozenset(step.id for step in self.plan.done if self.applied.results[step.id].finished)

    @property
    def blocks(self) -> tuple[Block, ...]:
        return ()

    @property
    def digest(self) -> str:
        return self.proposal.digest


class _OfPlan:
    """A result whose digest is that of its plan."""

    __slots__ = ()
    plan: Plan

    @property
    def digest(self) -> str:
        return digest(self.plan)


@dataclass(frozen=True, slots=True)
class VerifyResult(_OfPlan):
    """One verdict for each environment. In those of `unwanted` the manifest wants no custom domain.

    `interrupted` is the code of a signal that ended the waiting.
    """

    plan: Plan
    verified: tuple[Verified, ...] = ()
    unwanted: frozenset[str] = frozenset()
    dns_notes: tuple[DnsNote, ...] = ()
    blocks: tuple[Block, ...] = ()
    interrupted: ExitCode | None = None
    probes: tuple[Probe, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        return tuple(record for item in self.verified for record in item.records)


@dataclass(frozen=True, slots=True)
class DriftResult(_OfPlan):
    """How live differs from desired, and from a baseline where there is one. `records` have the DNS lookups, if requested;
    `history` has earlier reports."""

    plan: Plan
    blocks: tuple[Block, ...] = ()
    findings: tuple[Finding, ...] = ()
    records: tuple[Record, ...] = ()
    dns_notes: tuple[DnsNote, ...] = ()
    probes: tuple[Probe, ...] = ()
    history: History = NO_HISTORY


@dataclass(frozen=True, slots=True)
class StatusResult(_OfPlan):
    """The live state of each environment, beside what the manifest desires."""

    plan: Plan
    blocks: tuple[Block, ...] = ()
    probes: tuple[Probe, ...] = ()

    def host(self, item: EnvironmentPlan) -> str:
        """The hostname that deployments of the environment should use now."""
        mistaken = {block.environment for block in self.blocks if block.code in IDENTITY_CODES and block.environment}
        return delivery_host(item.name, item.live, self.probes, mistaken)


@dataclass(frozen=True, slots=True)
class ImportResult(_OfPlan):
    """Manifest entries for existing custom domains, with their plan, which has no changes.

    `manifest` is the text to print; None where it was written to a file or where there is nothing to import.
    """

    plan: Plan
    manifest: str | None = None
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordsResult(_OfPlan):
    """The CNAMEs that live custom domains need."""

    plan: Plan
    blocks: tuple[Block, ...] = ()
    records: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True)
class DnsCheckResult(_OfPlan):
    """The same CNAMEs, each with what DNS answered."""

    plan: Plan
    blocks: tuple[Block, ...] = ()
    records: tuple[Record, ...] = ()
    dns_notes: tuple[DnsNote, ...] = ()


@dataclass(frozen=True, slots=True)
class PublishResult(_OfPlan):
    """The records of domains that are live as desired, and how publishing each of them ended.

    `other_changes` are other records of the zones that changed meanwhile.
    """

    plan: Plan
    blocks: tuple[Block, ...] = ()
    records: tuple[Record, ...] = ()
    publications: tuple[Publication, ...] = ()
    other_changes: tuple[ZoneChange, ...] = ()
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class DoctorResult:
    """The checks between the manifest and the API, in the order of a request."""

    checks: tuple[Check, ...] = ()


Read = (
    PlanResult
    | ApplyResult
    | VerifyResult
    | DriftResult
    | StatusResult
    | ImportResult
    | RecordsResult
    | DnsCheckResult
    | PublishResult
)
"""Results of commands that read live. Each has `plan`, `blocks` and `digest`."""


def is_complete(content: Read) -> bool:
    """Live of every environment was read."""
    return content.plan.complete and not (isinstance(content, PlanResult) and content.offline)


@dataclass(frozen=True, slots=True)
class Failed:
    """The run ended before it had its result: bad input, a refusal, a signal, a bug.

    `reason` is a stable word. `message` is None where the diagnostics of the report have the reason. `so_far` is what the run
    had by then; `blocks` and `digest` are those of a saved plan that was refused before there was a plan of now. `unserved` is
    what earlier runs left, where `so_far` does not have it; None where that is not known.
    """

    exit_code: ExitCode
    reason: str
    message: str | None = None
    hint: str | None = None
    so_far: Read | None = None
    blocks: tuple[Block, ...] = ()
    digest: str | None = None
    unserved: tuple[Unserved, ...] | None = None


@dataclass(frozen=True, slots=True)
class ShowResult:
    """The document of an earlier run: as it is, and as the report that it was written from. `path` is its file."""

    document: Mapping[str, Any]
    report: Report
    path: str


Result = ValidateResult | DoctorResult | Read | ShowResult | Failed


class Stopped(Exception):
    """Ends an operation with a Failed, and with the source and the diagnostics that were known where it happened."""

    def __init__(self, failed: Failed, source: Source | None = None, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        problems = "; ".join(f"{item.code}: {item.message}" for item in diagnostics[:5])
        super().__init__(failed.message or problems or failed.reason)
        self.failed = failed
        self.source = source
        self.diagnostics = diagnostics


class Crashed(Exception):
    """A bug ended an apply. `so_far` is what was done by then; `__cause__` is the exception."""

    def __init__(self, so_far: ApplyResult) -> None:
        super().__init__("a bug ended the run")
        self.so_far = so_far


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a result amounts to: the exit code, a stable word for the reason, and the outcome in one word."""

    exit_code: ExitCode
    reason: str | None = None
    outcome: str = ""

    def __post_init__(self) -> None:
        if not self.outcome:
            object.__setattr__(self, "outcome", self.exit_code.outcome)


@dataclass(frozen=True, slots=True)
class Report:
    """One run of one command. `created_at` is RFC 3339, UTC, whole seconds; `command` None where none was named."""

    command: str | None
    created_at: str
    result: Result
    conclusion: Conclusion
    source: Source | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def content(self) -> ValidateResult | DoctorResult | Read | None:
        """What there is to show: the result, or what a run that failed had by then."""
        match self.result:
            case Failed(so_far=so_far):
                return so_far
            case ShowResult():
                return None
            case result:
                return result

    @property
    def message(self) -> str | None:
        """The report in one line, where the command has one."""
        return self.result.message if isinstance(self.result, Failed | ValidateResult) else None

    @property
    def hint(self) -> str | None:
        return self.result.hint if isinstance(self.result, Failed) else None

    @property
    def message_has_place(self) -> bool:
        """The message is that of a diagnostic, which has its place too."""
        message = escape_control(self.message or "")  # as documents have the messages of diagnostics
        return message in {escape_control(item.message) for item in self.diagnostics}

    @property
    def failed(self) -> Failed | None:
        return self.result if isinstance(self.result, Failed) else None

    @property
    def unserved(self) -> tuple[Unserved, ...]:
        """The hostnames that serve no traffic because of this run or of an earlier one, also where this one was refused."""
        match self.content:
            case ApplyResult(applied=applied):
                return applied.unserved
            case PlanResult(proposal=proposal):
                return proposal.unserved
            case _:
                return (self.failed and self.failed.unserved) or ()
