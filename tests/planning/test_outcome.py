"""One exit code for many ends: the truth table of the fold, and of what an apply amounts to."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from conclusions import ended, of_apply, of_verify
from samples import API_URL, live, locked_out, unreadable, wish

import reconciler.api.throttle
import reconciler.engine.deadline  # noqa: F401 - both have errors of their own
from reconciler.model.dns import Publication, PublishState
from reconciler.model.domains import Absent, Unreadable
from reconciler.model.errors import BackendError, Conflict
from reconciler.model.exit_codes import ExitCode, code_of, worst
from reconciler.model.proposal import Proposal
from reconciler.model.report import Applied, StepError, StepResult, StepState, Verdict, Verified
from reconciler.model.results import ApplyResult
from reconciler.planning.planner import build_plan

ORDER = [6, 1, 7, 8, 5, 4, 3, 2, 0]


def test_of_every_set_of_codes_the_first_in_the_order_wins() -> None:
    for size in range(len(ORDER) + 1):
        for codes in combinations(ORDER, size):
            expected = next((code for code in ORDER if code in codes), 0)
            assert worst(ExitCode(code) for code in codes) == expected
            assert worst(ExitCode(code) for code in (*reversed(codes), *codes)) == expected


def test_the_words_beside_the_numbers() -> None:
    assert {int(code): code.outcome for code in ExitCode} == {
        0: "ok",
        1: "error",
        2: "changes",
        3: "waiting",
        4: "stuck",
        5: "refused",
        6: "partial",
        7: "credentials",
        8: "unreachable",
        64: "usage",
        65: "data",
        130: "interrupted",
        143: "interrupted",
    }


ENDS = {
    "done": StepResult(StepState.DONE),
    "refused": StepResult(StepState.FAILED, StepError("refused", "422")),
    "changed": StepResult(StepState.FAILED, StepError("changed", "…")),
    "no_answer": StepResult(StepState.FAILED, StepError("no_answer", "…")),
    "unauthorized": StepResult(StepState.FAILED, StepError("unauthorized", "…")),
    "skipped": StepResult(StepState.SKIPPED, StepError("dependency", "…")),
    "left": StepResult(StepState.NOT_STARTED),
}
FAILURES = {"refused": 1, "changed": 5, "no_answer": 8, "unauthorized": 7}
SIGNALS = [None, ExitCode.INTERRUPTED, ExitCode.TERMINATED]


@pytest.mark.parametrize("dark", [None, "network", "key"])
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize("writes", [0, 1])
def test_what_an_apply_amounts_to(dark: str | None, signal: ExitCode | None, writes: int) -> None:
    """Two creates that end in every way, with and without writes, signals and unreadable environments."""
    found = {"a": Absent(), "b": Absent()}
    states = {**found, "dark": {"network": unreadable(), "key": locked_out()}[dark]} if dark else dict(found)
    plan = build_plan([wish(name, f"{name}.example.com") for name in states], states, API_URL)
    unread = {"network": [8], "key": [7], None: []}[dark]
    for ends in product(ENDS, repeat=2):
        results = {
            "create:a": ENDS[ends[0]],
            "verify:a": ENDS["done"],
            "create:b": ENDS[ends[1]],
            "verify:b": ENDS["done"],
        }
        code, _ = of_apply(plan, Applied(results, {}, writes_done=writes, interrupted=signal))
        unfinished = [end for end in ends if end != "done"]
        failed = [FAILURES[end] for end in ends if end in FAILURES]
        if writes and (unfinished or unread):
            expected: int = 6
        elif signal and unfinished:
            expected = signal
        else:
            expected = next((code for code in ORDER if code in (*failed, *unread)), 1 if "left" in ends else 0)
        assert code == expected, ends


@pytest.mark.parametrize(("writes", "code"), [(0, ExitCode.CREDENTIALS), (1, ExitCode.PARTIAL)])
def test_a_key_that_is_rejected_while_waiting_does_not_look_as_if_nothing_was_written(
    writes: int, code: ExitCode
) -> None:
    plan = build_plan([wish("a", "a.example.com")], {"a": Absent()}, API_URL)
    applied = Applied({step.id: ENDS["done"] for step in plan.steps}, {}, writes_done=writes)
    verified = Verified("a", Verdict.UNKNOWN, locked_out(), "401")
    assert ended(ApplyResult(Proposal(plan, ""), applied, verified=(verified,)))[0] is code


def test_deletes_that_wait_for_publishing_end_with_the_code_of_the_publishing() -> None:
    plan = build_plan([wish("a", None)], {"a": live("a", "a.example.com")}, API_URL)
    waiting = StepResult(StepState.NOT_STARTED, StepError("not_published", "…"))
    refused = Publication("dns", "example.com", "x", None, "y", PublishState.REFUSED, "…", ExitCode.REFUSED)
    result = ApplyResult(
        Proposal(plan, ""), Applied({step.id: waiting for step in plan.steps}, {}), publications=(refused,)
    )
    assert ended(result) == (ExitCode.REFUSED, "cannot_publish")


def test_an_unreadable_environment_counts_as_unreachable() -> None:
    """A refusal in the API's own words has the code 1 for a step; for a read it means that live is unknown."""
    plan = build_plan([wish("a", "a.example.com")], {"a": Unreadable(Conflict("…"))}, API_URL)
    assert of_apply(plan, Applied({}, {})) == (ExitCode.UNREACHABLE, "unreadable")


def test_every_kind_of_error_has_its_exit_code() -> None:
    kinds = {error.kind: int(code_of(error.kind)) for error in _all_errors(BackendError)}
    assert kinds == {
        "not_sent": 8,
        "no_answer": 8,
        "throttled": 8,
        "server_fault": 8,
        "unexpected": 8,
        "step_timeout": 8,
        "key_unusable": 7,
        "unauthorized": 7,
        "payment_required": 7,
        "refused": 1,
        "not_found": 1,
        "conflict": 1,
        "too_few_files": 1,
        "not_in_baseline": 1,  # of an offline plan only, which ends with 0, 2 or 5
    }


def _all_errors(error: type[BackendError]) -> set[type[BackendError]]:
    below = error.__subclasses__()
    return {*below, *(item for child in below for item in _all_errors(child))}


def test_a_verdict_that_is_unknown_though_it_was_read_is_an_error() -> None:
    odd = Verified("a", Verdict.UNKNOWN, live("a", "a.example.com"), "…")
    assert of_verify(build_plan([], {}, API_URL), [odd]) == (ExitCode.ERROR, "error")
    ready = Verified("a", Verdict.READY, live("a", "a.example.com"), "…")
    assert of_verify(build_plan([], {}, API_URL), [ready, odd]) == (ExitCode.ERROR, "error")
