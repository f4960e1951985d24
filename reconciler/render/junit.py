"""What a look for drift found, as JUnit XML: an environment is a test case, and drift makes it fail."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET  # for writing only

from reconciler.model.domains import Unreadable
from reconciler.model.escape import escape_control
from reconciler.model.results import DriftResult
from reconciler.render.diagnostics import render_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.report import Finding
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_drift(report: Report, _style: Style) -> str:
    """One suite. What could not be read is an error; so is a run that failed, as the one test case `drift`."""
    suite = ET.Element("testsuite", name="reconciler drift")
    match report.result:
        case DriftResult(plan=plan, findings=findings):
            _add_cases(suite, plan, findings)
        case _:
            _error(_case(suite, "drift"), report.conclusion.reason or "error", _description(report))
    for name, tag in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        suite.set(name, str(len(suite.findall(tag))))
    suites = ET.Element("testsuites", name="reconciler")
    suites.append(suite)
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def _add_cases(suite: ET.Element, plan: Plan, findings: Sequence[Finding]) -> None:
    of_environment: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        of_environment[finding.environment].append(finding)
    for item in plan.environments:
        case = _case(suite, item.name)
        if item.environment.span:
            case.set("file", escape_control(item.environment.span.file))
            case.set("line", str(item.environment.span.line))
        _tell(case, item, of_environment[item.name])


def _case(suite: ET.Element, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname="reconciler.drift", name=escape_control(name))


def _tell(case: ET.Element, item: EnvironmentPlan, findings: Sequence[Finding]) -> None:
    """At most one failure: many readers of JUnit XML show no second one."""
    if isinstance(item.live, Unreadable):
        _error(case, item.live.error.kind, item.live.error.message)
    counted = [finding for finding in findings if finding.counts]
    if counted:
        message = "; ".join(escape_control(finding.sentence) for finding in counted)
        failure = ET.SubElement(case, "failure", type=counted[0].kind.value, message=message)
        failure.text = "\n".join(_line(finding) for finding in counted)
    others = [finding for finding in findings if not finding.counts]
    if others:
        ET.SubElement(case, "system-out").text = "\n".join(_line(finding) for finding in others)


def _line(finding: Finding) -> str:
    return f"{finding.kind}: {escape_control(finding.sentence)} [{escape_control(finding.fingerprint)}]"


def _error(case: ET.Element, kind: str, message: str) -> None:
    first, *more = [escape_control(line) for line in message.splitlines()] or [""]
    error = ET.SubElement(case, "error", type=escape_control(kind), message=first)
    error.text = "\n".join(more) or None


def _description(report: Report) -> str:
    first = report.message or "the manifest cannot be used"
    parts = [first, report.hint or "", render_text(report.diagnostics)]
    return "\n".join(part for part in parts if part)
