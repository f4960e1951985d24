"""Rich documents of every command. `said` stands wherever the API's own words do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from samples import API_URL, TIME, domain, uid, wish

from reconciler.model.conclusion import report_of
from reconciler.model.diagnostics import Diagnostic, Excerpt, Related, Severity, Span
from reconciler.model.digest import digest
from reconciler.model.domains import Absent, Domain, Live, Present, Unreadable, domain_of
from reconciler.model.environments import Source, SourceFile
from reconciler.model.errors import Conflict, ServerFault, Unauthorized
from reconciler.model.exit_codes import ExitCode
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.model.proposal import Proposal
from reconciler.model.report import Applied, Restored, StepError, StepResult, StepState, Unserved, Verdict, Verified
from reconciler.model.results import (
    ApplyResult,
    DriftResult,
    Failed,
    PlanResult,
    RecordsResult,
    StatusResult,
    VerifyResult,
)
from reconciler.planning.drift import findings
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan
from reconciler.planning.records import records

if TYPE_CHECKING:
    from reconciler.model.environments import Environment
    from reconciler.model.plan import Block, Plan
    from reconciler.model.results import Report, Result

SOURCE = Source((SourceFile("imgwire.yaml", "0" * 64),), API_URL)
DONE, LEFT = StepResult(StepState.DONE), StepResult(StepState.NOT_STARTED)


def _at(line: int) -> Span:
    return Span("imgwire.yaml", line, 3, 4)


def _host(label: str, said: str) -> str:
    """A hostname of the API's. One with other characters is refused when it is read (`api/wire.py`)."""
    return f"{label}{re.sub('[^a-z0-9*_.-]', '', said.lower())}.example.com"


def _wishes() -> list[Environment]:
    return [
        wish("archive", None, protect=True, span=_at(4)),
        wish("blue", "b.example.com", span=_at(5)),
        wish("books", "xn--bcher-kva.example.com", environment_id=uid("books"), span=_at(6)),
        wish("dark", "dark.example.com", span=_at(7)),
        wish("fine", "fine.example.com", labels={"team": "web"}, span=_at(8)),
        wish("green", "a.example.com", span=_at(9)),
        wish("slow", "slow.example.com", span=_at(10)),
        wish("web", "new.example.com", span=_at(11)),
    ]


def _live(said: str) -> dict[str, Live]:
    def spoken(name: str, hostname: str, **more: str) -> Live:
        return Present(
            domain(
                name,
                hostname,
                **{
                    "cname_value": f"{said}cdn{said}.imgwire.dev",
                    "dcv_cname_record": f"{said}_acme{said}.{hostname}",
                    **more,
                },
            )
        )

    return {
        "archive": spoken("archive", _host("archive", said)),
        "blue": spoken("blue", "a.example.com"),
        "books": Absent(),
        "dark": Unreadable(ServerFault(f"{said}GET /api/v1/custom_domain/: 503 try later{said}", status=503)),
        "fine": spoken("fine", "fine.example.com"),
        "green": spoken("green", "b.example.com"),
        "slow": spoken(
            "slow", "slow.example.com", status=f"{said}PENDING{said}", certificate_status=f"{said}PENDING{said}"
        ),
        "web": spoken("web", _host("old", said), id=f"id{said}", updated_at=f"then{said}"),
    }


def _plan(said: str) -> Plan:
    return build_plan(_wishes(), _live(said), API_URL)


def _report(command: str, result: Result) -> Report:
    return report_of(command, TIME, result, SOURCE)


def _proposal(plan: Plan, blocked: tuple[Block, ...] = (), max_interruptions: int = 3) -> Proposal:
    return Proposal(plan, digest(plan), blocked, max_interruptions)


def plan_rich(said: str = "") -> Report:
    plan = _plan(said)
    proposal = _proposal(plan, blocks(plan, Consent(max_interruptions=2)), 2)
    return _report("plan", PlanResult(proposal, 24 * 3600, detailed=True))


def plan_in_sync(said: str = "") -> Report:
    plan = build_plan([_wishes()[4]], {"fine": _live(said)["fine"]}, API_URL)
    return _report("plan", PlanResult(_proposal(plan), detailed=True))


def _error(said: str) -> StepError:
    failure = Conflict("", status=409, error_type=f"ResourceConflictError{said}")
    told = f"POST /api/v1/custom_domain/: 409 taken{said} (ResourceConflictError{said})"
    return StepError(failure.kind, told, 409, failure.error_type, Conflict.hint)


def apply_failures(said: str = "") -> Report:
    """A create that was refused and its delete undone, one left open, one done, and the rest cut off."""
    plan = _plan(said)
    skipped = StepResult(
        StepState.SKIPPED, StepError("dependency", "not started, because `create web` was not done", hint="mend it")
    )
    fresh = domain(
        "books", "xn--bcher-kva.example.com", status=f"{said}PENDING{said}", cname_value=f"{said}cdn{said}.imgwire.dev"
    )
    results = {step.id: LEFT for step in plan.steps} | {
        "delete:web": DONE,
        "create:web": StepResult(StepState.FAILED, _error(said)),
        "verify:web": skipped,
        "create:books": StepResult(StepState.DONE, domain=fresh),
        "verify:books": StepResult(StepState.DONE, domain=fresh),
        "delete:blue": DONE,
    }
    back = domain("web", _host("old", said), id=f"again{said}")
    applied = Applied(
        results,
        {**_live(said), "books": Present(fresh), "web": Present(back), "blue": Absent()},
        (Restored("web", back.hostname, back),),
        (Unserved("a.example.com", "blue", "delete:blue"),),
        writes_done=4,
        interrupted=ExitCode.INTERRUPTED,
    )
    made: list[tuple[str, Domain]] = [("books", fresh), ("web", back)]
    return _report("apply", ApplyResult(_proposal(plan), applied, records(made)))


def apply_done(said: str = "") -> Report:
    plan = build_plan([_wishes()[2]], {"books": Absent()}, API_URL)
    fresh = domain("books", "xn--bcher-kva.example.com", cname_value=f"{said}cdn{said}.imgwire.dev")
    applied = Applied(
        {step.id: StepResult(StepState.DONE, domain=fresh) for step in plan.steps},
        {"books": Present(fresh)},
        writes_done=1,
    )
    return _report("apply", ApplyResult(_proposal(plan), applied, records([("books", fresh)])))


def apply_refused(said: str = "") -> Report:
    plan = _plan(said)
    blocked = blocks(plan, Consent(max_interruptions=2))
    told = "refused: " + "; ".join(block.message for block in blocked)
    hint = "to override: reconciler apply --unprotect archive --max-interruptions 4\nor plan again"
    so_far = PlanResult(_proposal(plan, blocked, 2))
    return _report("apply", Failed(ExitCode.REFUSED, blocked[0].code, told, hint, so_far))


def verify_mixed(said: str = "") -> Report:
    live = _live(said)
    refused = Unreadable(Unauthorized(f"GET /api/v1/custom_domain/: 401 no{said}", status=401))
    verified = (
        Verified("books", Verdict.ABSENT, live["books"], "there is no custom domain; run apply first"),
        Verified("dark", Verdict.UNKNOWN, refused, f"could not be asked: 401 no{said}"),
        Verified("fine", Verdict.READY, live["fine"], "connected, and the certificate is active"),
        Verified("slow", Verdict.WAITING, live["slow"], f"status PENDING{said}"),
        Verified("web", Verdict.STUCK, live["web"], f"status FAILED{said} after a fresh check"),
    )
    names = {item.environment for item in verified}
    plan = build_plan(
        [item for item in _wishes() if item.name in names], {item.environment: item.live for item in verified}, API_URL
    )
    verified = tuple(
        replace(item, records=records([(item.environment, item.live.domain)]))
        if isinstance(item.live, Present)
        else item
        for item in verified
    )
    return _report("verify", VerifyResult(plan, verified))


def verify_probed(said: str = "") -> Report:
    """One hostname serves and one does not, one waits, and one environment has no custom domain, as desired."""
    live = {**_live(said), "archive": Absent()}
    waiting = [(name, domain) for name in ("slow",) if (domain := domain_of(live[name]))]
    verified = (
        Verified("archive", Verdict.ABSENT, live["archive"], "has no custom domain, as desired"),
        Verified("blue", Verdict.READY, live["blue"], "CONNECTED, certificate ACTIVE"),
        Verified("fine", Verdict.READY, live["fine"], "CONNECTED, certificate ACTIVE"),
        Verified("slow", Verdict.WAITING, live["slow"], f"status PENDING{said}", records(waiting)),
    )
    wishes = [wish("archive", None, span=_at(4)), wish("blue", "a.example.com", span=_at(5))]
    wishes += [item for item in _wishes() if item.name in {"fine", "slow"}]
    plan = build_plan(wishes, {item.environment: item.live for item in verified}, API_URL)
    probes = (
        Probe("blue", "a.example.com", ProbeVerdict.NOT_SERVING, f"no connection{said}"),
        Probe("fine", "fine.example.com", ProbeVerdict.SERVING, "serves over TLSv1.3, certificate valid for 60 days"),
    )
    return _report("verify", VerifyResult(plan, verified, frozenset({"archive"}), probes=probes))


def status(said: str = "") -> Report:
    return _report("status", StatusResult(_plan(said)))


def drift(said: str = "") -> Report:
    plan = _plan(said)
    return _report("drift", DriftResult(plan, findings=findings(plan)))


def dns_show(said: str = "") -> Report:
    plan = _plan(said)
    found = [(item.name, item.live.domain) for item in plan.environments if isinstance(item.live, Present)]
    return _report("dns show", RecordsResult(plan, records=records(found)))


def plan_invalid(said: str = "") -> Report:
    """A manifest that cannot be used. What it says is not to be trusted either."""
    problems = (
        Diagnostic(
            Severity.ERROR,
            "hostname-claimed-twice",
            f"`www.example.com{said}` is wanted twice",
            "give one of them another hostname",
            Span(f"imgwire{said}.yaml", 9, 8, 15),
            Excerpt(f"  web: www.example.com{said}", 7, 15),
            (Related(Span(f"{said}imgwire.yaml", 4, 9, 15), "first wanted here"),),
            "web",
        ),
        Diagnostic(Severity.WARNING, "key-file-mode", f"everybody can read the key file{said}"),
    )
    return report_of("plan", TIME, Failed(ExitCode.DATA, "invalid_manifest"), SOURCE, problems)


def plan_interrupted(said: str = "") -> Report:
    return _report(
        "plan", Failed(ExitCode.INTERRUPTED, "interrupted", f"interrupted before anything was written{said}")
    )


ALL = (
    plan_rich,
    plan_in_sync,
    plan_invalid,
    plan_interrupted,
    apply_done,
    apply_failures,
    apply_refused,
    verify_mixed,
    verify_probed,
    status,
    drift,
    dns_show,
)


def main_of(page: str) -> str:
    """What a page shows, without its head, style sheet and script, and without the version."""
    main = page[page.index("<main>") : page.index("</main>")]
    return re.sub(r"imgwire-reconciler [\d.]+", "imgwire-reconciler …", main)
