"""What a run of the steps did, in documents: the state of each step, restores, and hostnames that are offline."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from reconciler.documents.errors import step_error_object, step_error_of
from reconciler.model.domains import Absent, Domain, Present, domain_of
from reconciler.model.plan import Action
from reconciler.model.report import Applied, Restore, Restored, RestoreFailure, StepResult, StepState, Unserved
from reconciler.model.steps import Create, Verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.documents.format import Object
    from reconciler.model.domains import Live
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.steps import Step


def applied_of(document: Object, plan: Plan, code: ExitCode) -> Applied:
    """What an apply did, from its document and the plan in it, in which live is what the run saw last."""
    live = {item.name: item.live for item in plan.environments}
    results = {
        item["id"]: _result_of(item, step, live) for item, step in zip(document["steps"], plan.steps, strict=True)
    }
    interrupted = "interrupted" in {document["reason"], *(item.error.kind for item in results.values() if item.error)}
    return Applied(
        results,
        live,
        tuple(_restore_of(item, live) for item in document["restored"]),
        tuple(unserved_of(item) for item in document["unserved"]),
        interrupted=code if interrupted else None,
    )


def plan_before(plan: Plan, document: Object) -> Plan:
    """The plan of an apply, whose document has what was live afterwards: of what was live before, it has the hostname."""
    hostnames = {item["name"]: item["before"] for item in document["environments"]}
    return replace(plan, environments=tuple(_before(item, hostnames[item.name]) for item in plan.environments))


def _before(item: EnvironmentPlan, hostname: str | None) -> EnvironmentPlan:
    domain = domain_of(item.live)
    if item.action is Action.UNREADABLE or (domain is not None and domain.hostname == hostname):
        return item
    return replace(item, live=Absent() if hostname is None else Present(_domain("", hostname)))


def _domain(id_: str, hostname: str) -> Domain:
    return Domain(id_, "", hostname, *([None] * 9))


def result_object(result: StepResult) -> Object:
    """How a step ended."""
    return {"state": result.state.value, "error": step_error_object(result.error) if result.error else None}


def _result_of(item: Object, step: Step, live: Mapping[str, Live]) -> StepResult:
    """The custom domain that the API answered with is not in a document. That of a check is the one that is live."""
    state = StepState(item["state"])
    domain = domain_of(live.get(step.environment))
    checked = isinstance(step, Verify) and state is StepState.DONE
    answered = checked and domain is not None and domain.hostname == step.hostname
    error = step_error_of(item["error"], of_create=isinstance(step, Create)) if item["error"] else None
    return StepResult(state, error, domain if answered else None)


def restore_object(item: Restore) -> Object:
    """How a restore ended."""
    match item:
        case Restored(environment, hostname, domain):
            return {"environment": environment, "hostname": hostname, "id": domain.id, "error": None}
        case RestoreFailure(environment, hostname, error):
            return {"environment": environment, "hostname": hostname, "id": None, "error": step_error_object(error)}
        case _:
            assert_never(item)


def _restore_of(item: Object, live: Mapping[str, Live]) -> Restore:
    environment, hostname = item["environment"], item["hostname"]
    if item.get("error") is not None:
        return RestoreFailure(environment, hostname, step_error_of(item["error"], of_create=True))
    domain = domain_of(live.get(environment))
    if domain is None or domain.id != item["id"]:
        domain = _domain(item["id"], hostname)
    return Restored(environment, hostname, domain)


_OF_EARLIER_RUNS = ("run", "environment_id", "target", "target_id", "domain_id")


def unserved_object(item: Unserved) -> Object:
    """What follows `since` is there only for what an earlier run left: of this run the steps have it."""
    certainty = {"uncertain": True} if item.uncertain else {}
    own = {"hostname": item.hostname, "environment": item.environment, "since": item.since, **certainty}
    if item.run is None:
        return own
    environments = {"environment_id": item.environment_id, "target": item.target, "target_id": item.target_id}
    return {**own, "run": item.run, **environments, "domain_id": item.domain_id}


def unserved_of(item: Object) -> Unserved:
    """Raises TypeError where a value is no text."""
    required = (item["hostname"], item["environment"], item["since"])
    optional = run, environment_id, target, target_id, domain_id = (item.get(field) for field in _OF_EARLIER_RUNS)
    if not all(isinstance(value, str) for value in (*required, *filter(None, optional))):
        raise TypeError("`unserved` has a value that is no text")
    uncertain = item.get("uncertain") is True
    return Unserved(*required, run, environment_id, target, target_id, uncertain, domain_id)
