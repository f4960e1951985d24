"""Hypothesis strategies for every result that a command can end with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from samples import API_URL, domain, uid, wish

from reconciler.model.diagnostics import Diagnostic, Excerpt, Related, Severity, Span
from reconciler.model.digest import digest
from reconciler.model.dns import (
    DnsAction,
    DnsNote,
    DnsNoteKind,
    DnsVerdict,
    LookupResult,
    Publication,
    PublishState,
    ZoneChange,
)
from reconciler.model.doctor import Check, CheckState
from reconciler.model.domains import Absent, Domain, Live, Present, Unreadable, domain_of
from reconciler.model.errors import KINDS, BackendError
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Block
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.model.proposal import Offline, Proposal
from reconciler.model.report import (
    Applied,
    Record,
    Restored,
    RestoreFailure,
    StepError,
    StepResult,
    StepState,
    Unserved,
    Verdict,
    Verified,
)
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DoctorResult,
    DriftResult,
    Failed,
    ImportResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    StatusResult,
    ValidateResult,
    VerifyResult,
)
from reconciler.planning.drift import findings
from reconciler.planning.planner import build_plan
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.plan import Plan
    from reconciler.model.results import Read, Result
    from reconciler.model.steps import Step

NAMES = ("api", "blue", "web")
HOSTNAMES = ("a.example.com", "b.example.com", "xn--bcher-kva.example.com")
TIMES = st.sampled_from(["2026-03-01T12:00:00Z", "2024-02-29T23:59:59Z"])
_INTERRUPTED = StepError("interrupted", "not started: interrupted", hint="run apply again to continue")

texts = st.sampled_from(
    [
        "refused",
        "no answer: `x` is 503 | later",
        "\x1b[31mred\n::error::x",
        "<b>",
        "2 of 3",
        "ünïcode",
        "*bold*",
        "a\\nb",
    ]
)
names = st.sampled_from(NAMES)
hostnames = st.sampled_from(HOSTNAMES)
maybe_texts = st.none() | texts
spans = st.builds(Span, st.sampled_from(["imgwire.yaml", "conf/b.yaml"]), st.integers(1, 99), st.integers(1, 9))
backend_errors: st.SearchStrategy[BackendError] = st.builds(
    lambda kind, message, status, word: kind(message, status=status, error_type=word),
    st.sampled_from([*KINDS.values(), BackendError]),
    texts,
    st.none() | st.integers(400, 599),
    st.none() | st.just("ResourceConflictError"),
)
step_errors = st.builds(
    StepError, st.sampled_from(["conflict", "unknown", "dns_not_ready", "changed"]), texts, st.none() | st.just(409),
    st.none() | st.just("ResourceConflictError"), maybe_texts,
)  # fmt: skip
blocks = st.lists(
    st.builds(
        Block,
        st.sampled_from(["protected", "stale_plan", "wrong_environment", "all_absent"]),
        st.none() | names,
        texts,
        maybe_texts,
    ),
    max_size=2,
).map(tuple)
probes = st.lists(
    st.builds(
        Probe,
        names,
        hostnames,
        st.sampled_from(ProbeVerdict),
        texts,
        st.none() | st.just("192.0.2.1"),
        st.none() | st.integers(0, 4_000_000_000),
        st.none() | st.integers(-9, 99),
        st.none() | st.just("TLSv1.3"),
        st.none() | st.just(503),
    ),
    max_size=3,
).map(tuple)
dns_notes = st.lists(
    st.builds(DnsNote, st.sampled_from(DnsNoteKind), names, hostnames, texts, st.just(("x.example.com",))), max_size=2
).map(tuple)
publications = st.lists(
    st.builds(
        Publication,
        st.sampled_from(["zones", ""]),
        st.just("example.com"),
        hostnames,
        st.none() | st.just("old.imgwire.dev"),
        st.none() | st.just("new.imgwire.dev"),
        st.sampled_from(PublishState),
        maybe_texts,
        removes=st.sampled_from([(), ("A 192.0.2.1",)]),
    ),
    max_size=3,
).map(tuple)
zone_changes = st.sampled_from([(), (ZoneChange("zones", "example.com", "x.example.com.", "A", None, "60 192.0.2.1"),)])
diagnostics = st.lists(
    st.builds(
        Diagnostic,
        st.sampled_from(Severity),
        st.sampled_from(["unknown-key", "duplicate-key"]),
        texts,
        maybe_texts,
        st.none() | spans,
        st.none() | st.just(Excerpt("web: x", 0, 3)),
        st.lists(st.builds(Related, spans, texts), max_size=2).map(tuple),
        st.none() | names,
    ),
    max_size=3,
).map(tuple)
signals = st.sampled_from([None, ExitCode.INTERRUPTED, ExitCode.TERMINATED])


@st.composite
def domains(draw: st.DrawFn, name: str, hostname: str | None = None) -> Domain:
    more: dict[str, Any] = {
        "id": draw(st.sampled_from([uid(name), uid("other")])),
        "status": draw(st.sampled_from(["CONNECTED", "PENDING", "FAILED", "NEWER", None])),
        "certificate_status": draw(st.sampled_from(["ACTIVE", "FAILING", None])),
        "cname_value": draw(st.sampled_from(["cdn-proxy.imgwire.dev", None])),
    }
    return domain(name, hostname or draw(hostnames), **more)


def lives(name: str) -> st.SearchStrategy[Live]:
    absent, unread = st.just(Absent()), st.builds(Unreadable, backend_errors)
    return st.one_of(absent, st.builds(Present, domains(name)), unread)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    chosen = draw(st.sampled_from([(), NAMES[:2], NAMES, NAMES]))
    desired = draw(st.permutations([*HOSTNAMES, None, None]))
    environments = [
        wish(
            name,
            hostname,
            environment_id=draw(st.none() | st.just(uid(name))),
            send_environment_id=draw(st.booleans()),
            protect=draw(st.booleans()),
            labels=draw(st.sampled_from([None, {"team": "web"}])),
            span=draw(st.none() | spans),
        )
        for name, hostname in zip(chosen, desired, strict=False)
    ]
    return build_plan(environments, {name: draw(lives(name)) for name in chosen}, API_URL)


@st.composite
def looked_up(draw: st.DrawFn, plan: Plan) -> tuple[Record, ...]:
    """The records of what is live, each perhaps with its lookup."""
    lookups = st.builds(
        LookupResult,
        st.sampled_from(DnsVerdict),
        st.sampled_from([(), ("x.example.com", "y.example.com")]),
        st.just(("192.0.2.53",)),
        maybe_texts,
        st.sampled_from([None, *DnsAction]),
        st.none() | st.just(300),
    )
    found = records((item.name, domain) for item in plan.environments if (domain := domain_of(item.live)))
    return tuple(
        Record(item.environment, item.hostname, item.purpose, item.name, item.value, zone, draw(st.none() | lookups))
        for item in found
        for zone in [draw(st.none() | st.just("example.com"))]
    )


@st.composite
def proposals(draw: st.DrawFn, *, offline: bool = True) -> Proposal:
    plan = draw(plans())
    baseline = draw(st.none() | st.builds(Offline, texts, TIMES)) if offline else None
    return Proposal(
        plan, "" if baseline else digest(plan), draw(blocks), draw(st.integers(0, 4)), offline=baseline
    )  # fmt: skip


@st.composite
def plan_results(draw: st.DrawFn) -> PlanResult:
    expires_in = draw(st.none() | st.integers(1, 86400))
    return PlanResult(draw(proposals()), expires_in, draw(st.booleans()), draw(st.none() | st.just("p.json")))


@st.composite
def verified(draw: st.DrawFn, plan: Plan) -> tuple[Verified, ...]:
    found = draw(looked_up(plan))
    return tuple(
        Verified(
            item.name,
            draw(st.sampled_from(Verdict)),
            item.live,
            draw(texts),
            tuple(record for record in found if record.environment == item.name),
        )
        for item in plan.environments
    )


@st.composite
def apply_results(draw: st.DrawFn) -> ApplyResult:
    proposal = draw(proposals(offline=False))
    plan = proposal.plan
    interrupted = draw(signals) if plan.steps else None
    touched = {step.environment for step in plan.steps}  # no other environment is read again
    live = {
        item.name: draw(lives(item.name)) if item.name in touched and draw(st.booleans()) else item.live
        for item in plan.environments
    }
    results = {step.id: draw(_step_results(step, live)) for step in plan.steps}
    if interrupted is not None:
        results[plan.steps[-1].id] = StepResult(StepState.NOT_STARTED, _INTERRUPTED)
    after = build_plan([item.environment for item in plan.environments], live, API_URL)
    restores: st.SearchStrategy[Any] = st.builds(_restored, names, hostnames) | st.builds(
        RestoreFailure, names, hostnames, step_errors
    )
    return ApplyResult(
        Proposal(plan, proposal.digest),
        Applied(
            results,
            live,
            tuple(draw(st.lists(restores, max_size=2))),
            tuple(draw(st.lists(st.builds(Unserved, hostnames, names, st.just("delete:web")), max_size=2))),
            draw(st.integers(0, 3)),
            interrupted,
        ),
        draw(looked_up(after)),
        draw(st.just(()) | verified(after)),
        draw(dns_notes),
        draw(signals),
        draw(st.booleans()),
        draw(publications),
        draw(zone_changes),
    )


def _restored(name: str, hostname: str) -> Restored:
    return Restored(name, hostname, domain(name, hostname))


@st.composite
def _step_results(draw: st.DrawFn, step: Step, live: dict[str, Live]) -> StepResult:
    state = draw(st.sampled_from(StepState))
    if state is StepState.DONE:
        return StepResult(state, None, domain_of(live[step.environment]) if draw(st.booleans()) else None)
    return StepResult(state, draw(st.none() | step_errors))


@st.composite
def verify_results(draw: st.DrawFn) -> VerifyResult:
    plan = draw(plans())
    unwanted = frozenset(item.name for item in plan.environments if item.environment.hostname is None)
    return VerifyResult(
        plan, draw(verified(plan)), unwanted, draw(dns_notes), draw(blocks), draw(signals), draw(probes)
    )  # fmt: skip


@st.composite
def drift_results(draw: st.DrawFn) -> DriftResult:
    plan = draw(plans())
    found = findings(plan, health=draw(st.booleans()))
    return DriftResult(plan, draw(blocks), found, draw(looked_up(plan)), draw(dns_notes), draw(probes))


def _of_plan(make: Callable[[st.DrawFn, Plan], Read]) -> st.SearchStrategy[Any]:
    return st.composite(lambda draw: make(draw, draw(plans())))()


CONTENTS: dict[str, st.SearchStrategy[Any]] = {
    "plan": plan_results(),
    "apply": apply_results(),
    "verify": verify_results(),
    "drift": drift_results(),
    "status": _of_plan(lambda draw, plan: StatusResult(plan, draw(blocks), draw(probes))),
    "import": _of_plan(lambda draw, plan: ImportResult(plan, draw(st.none() | st.just("version: 1\n")), draw(blocks))),
    "dns show": _of_plan(lambda draw, plan: RecordsResult(plan, draw(blocks), draw(looked_up(plan)))),
    "dns check": _of_plan(
        lambda draw, plan: DnsCheckResult(plan, draw(blocks), draw(looked_up(plan)), draw(dns_notes))
    ),
    "dns sync": _of_plan(
        lambda draw, plan: PublishResult(
            plan, draw(blocks), draw(looked_up(plan)), draw(publications), draw(zone_changes), draw(st.booleans())
        )
    ),
}
"""What each command has in the end, or had when it failed."""

CHECKS: dict[str, st.SearchStrategy[Any]] = {
    "validate": st.builds(ValidateResult, diagnostics, st.integers(0, 2000), st.integers(0, 9)),
    "doctor": st.builds(
        DoctorResult,
        st.lists(
            st.builds(
                Check,
                st.sampled_from(["keys", "proxy", "api"]),
                st.sampled_from(CheckState),
                texts,
                maybe_texts,
                st.sampled_from([ExitCode.OK, ExitCode.CREDENTIALS]),
            ),
            max_size=3,
        ).map(tuple),
    ),
}


@st.composite
def failures(draw: st.DrawFn, command: str) -> Failed:
    code, reason = draw(
        st.sampled_from([(ExitCode.ERROR, "bug"), (ExitCode.REFUSED, "stale_plan"), (ExitCode.DATA, "x")])
    )
    contents = CONTENTS.get(command, st.none())
    if command == "apply":  # without steps nothing was run
        contents = st.builds(PlanResult, proposals(offline=False)) | contents.filter(lambda result: result.plan.steps)
    so_far = draw(st.none() | contents)
    if so_far is not None:
        return Failed(code, reason, draw(texts), draw(maybe_texts), so_far)
    refused = draw(st.none() | st.just("sha256:" + "0" * 64)) if command == "apply" else None
    return Failed(code, reason, draw(maybe_texts), draw(maybe_texts), None, draw(blocks) if refused else (), refused)


def results(command: str) -> st.SearchStrategy[Result]:
    """Every result that the command can end with."""
    return {**CONTENTS, **CHECKS}[command] | failures(command)
