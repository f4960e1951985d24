"""The counts of a plan for GitLab's merge request widget (`artifacts:reports:terraform`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.documents.json_text import to_json
from reconciler.model.results import PlanResult, is_complete

if TYPE_CHECKING:
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_plan(report: Report, _style: Style) -> str:
    """`{"create": n, "update": n, "delete": n}`, where a replace is an update.

    Without a complete plan the object is empty: the widget then shows that the report failed, and not that nothing changes.
    """
    if not isinstance(report.result, PlanResult) or not is_complete(report.result):
        return to_json({})
    count = report.result.plan.summary()
    return to_json({"create": count["create"], "update": count["replace"], "delete": count["delete"]})
