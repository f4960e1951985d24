"""A document that is read back shows what its run showed, whatever the result: in every format, in the same order."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from render.documents import SOURCE

from documents.results import CHECKS, CONTENTS, TIMES, diagnostics, results
from reconciler.model.conclusion import report_of
from reconciler.model.dns import DnsAction, DnsVerdict
from reconciler.model.domains import Domain, Live, Present, domain_of
from reconciler.model.errors import KINDS, BackendError
from reconciler.model.report import StepState
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DriftResult,
    Failed,
    ImportResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    ShowResult,
    ValidateResult,
    VerifyResult,
)
from reconciler.model.steps import Verify
from reconciler.operations.show import read_document
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.given import given_of_source
from reconciler.render.style import Style

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, Record, StepResult
    from reconciler.model.results import Report, Result
    from reconciler.model.steps import Step

COMMANDS = sorted({**CONTENTS, **CHECKS})


def documented(result: Any) -> Any:
    """The result without what no document has. The test checks that the document of both is the same."""
    match result:
        case Failed(so_far=ApplyResult() as so_far):  # the reason is that of the failure, and no longer the signal
            return replace(result, so_far=replace(documented(so_far), wait_interrupted=None))
        case Failed(so_far=so_far):
            return replace(result, so_far=documented(so_far))
        case PlanResult(proposal=proposal):
            proposal = replace(proposal, max_interruptions=None)
            return PlanResult(proposal, result.expires_in)
        case ApplyResult(proposal=proposal, applied=applied):
            return replace(
                result,
                proposal=replace(proposal, plan=_with_hostnames_only(proposal.plan, applied)),
                applied=_applied(proposal.plan, applied),
                records=_records(result.records),
                verified=tuple(replace(item, records=_records(item.records)) for item in result.verified),
                publications=_publications(result.publications),
            )
        case VerifyResult(verified=verified):
            return replace(
                result, verified=tuple(replace(item, records=_records(item.records)) for item in verified)
            )  # fmt: skip
        case DriftResult() | RecordsResult() | DnsCheckResult():
            return replace(result, records=_records(result.records))
        case PublishResult():
            return replace(
                result, records=_records(result.records), publications=_publications(result.publications)
            )  # fmt: skip
        case ImportResult():
            return replace(result, manifest=None)
        case _:
            return result


def _with_hostnames_only(plan: Plan, applied: Applied) -> Plan:
    """Of what was live before an apply, a document has the hostname; the rest where it still is live."""

    def before(name: str, live: Live) -> Live:
        domain, now = domain_of(live), domain_of(applied.live[name])
        if domain is None or (now is not None and now.hostname == domain.hostname):
            return applied.live[name] if domain is not None else live
        return Present(Domain("", "", domain.hostname, *([None] * 9)))

    return replace(
        plan, environments=tuple(replace(item, live=before(item.name, item.live)) for item in plan.environments)
    )


def _applied(plan: Plan, applied: Applied) -> Applied:
    def ended(step: Step, result: StepResult) -> StepResult:
        domain = domain_of(applied.live[step.environment])
        seen = (
            isinstance(step, Verify) and result.state is StepState.DONE and domain and domain.hostname == step.hostname
        )
        return replace(result, domain=domain if seen else None)

    return replace(
        applied,
        results={step.id: ended(step, applied.results[step.id]) for step in plan.steps},
    )


def _records(records: tuple[Record, ...]) -> tuple[Record, ...]:
    return tuple(replace(item, zone=None, lookup=_lookup(item.lookup)) for item in records)


def _lookup(lookup: Any) -> Any:
    action = DnsAction.ADD if lookup and lookup.verdict is DnsVerdict.MISSING else None
    return lookup and replace(lookup, action=action, wait=None)


def _publications(publications: Any) -> Any:
    return tuple(replace(item, removes=()) for item in publications)


def _without_excerpts(report: Report) -> Report:
    found = tuple(
        replace(item, source=None, related=tuple(replace(one, source=None) for one in item.related))
        for item in report.diagnostics
    )
    return replace(report, diagnostics=found)


def rendered(report: Report, format_: str) -> str:
    given = given_of_source(report.source) if report.source else None
    if given is not None and report.command == "apply":
        given = replace(given, record=("--receipt", "r.json"))
    return renderer(str(report.command), format_)(report, Style(verbose=True, given=given))


def shown(result: Result, format_: str) -> str:
    """What `show` prints, without its headline."""
    assert isinstance(result, ShowResult)
    result = replace(result, path="r.json")
    text = renderer("show", format_)(report_of("show", "2026-03-02T12:00:00Z", result), Style())
    match format_:
        case "text":
            return text.partition("\n\n")[2]
        case "markdown":
            marker, _, _, rest = text.split("\n", 3)
            return f"{marker}\n{rest}"
        case _:
            return text


def later(value: Any) -> Any:
    """The document as a later minor version could write it: every object has one more field. Labels are names of users."""
    match value:
        case dict():
            known = {key: child if key == "labels" else later(child) for key, child in value.items()}
            return {"later": {"x": 1}, **known}
        case list():
            return [later(child) for child in value]
        case _:
            return value


@pytest.mark.parametrize("command", COMMANDS)
@settings(max_examples=max(50, settings.default.max_examples // 10), suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_document_that_is_read_back_shows_what_its_run_showed(
    command: str, data: st.DataObject, tmp_path: Path
) -> None:
    result = data.draw(results(command))
    problems = result.diagnostics if isinstance(result, ValidateResult) else data.draw(diagnostics)
    report = report_of(command, data.draw(TIMES), result, SOURCE, problems)
    original = _without_excerpts(replace(report, result=documented(report.result)))
    text = rendered(report, "json")
    assert text == rendered(original, "json"), "a document has what `documented` leaves out"
    file = tmp_path / "document.json"
    file.write_text(text, encoding="utf-8")
    formats = FORMATS[command]
    common = [name for name in FORMATS["show"] if name in formats]
    expected = {name: rendered(original, name) for name in common}
    if "table" in formats:
        expected["text"] = rendered(original, "table")
    read_back = read_document(str(file))
    assert {name: shown(read_back, name) for name in expected} == expected

    more = later(json.loads(text)) | {"format_version": "1.1"}
    file.write_text(json.dumps(more), encoding="utf-8")
    of_later = read_document(str(file))
    expected.pop("json")
    assert {name: shown(of_later, name) for name in expected} == expected
    assert json.loads(shown(of_later, "json")) == more


def test_every_kind_of_error_of_the_api_is_read_back_as_itself() -> None:
    def kinds(base: type[BackendError]) -> set[type[BackendError]]:
        return {base}.union(*(kinds(kind) for kind in base.__subclasses__() if kind.__module__ == base.__module__))

    assert set(KINDS.values()) == kinds(BackendError) - {BackendError}
