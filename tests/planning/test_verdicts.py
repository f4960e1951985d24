"""Differences, drift, records, cut moves, and what a run amounts to."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from conclusions import of_apply, of_plan, of_verify
from hypothesis import given
from hypothesis import strategies as st
from samples import API_URL, domain, live, locked_out, pending, unreadable, wish

from reconciler.model.conclusion import reading_code
from reconciler.model.domains import Absent, Live, Present
from reconciler.model.errors import ServerFault
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Block, Change, Plan
from reconciler.model.report import (
    Applied,
    DriftKind,
    Finding,
    Record,
    StepError,
    StepResult,
    StepState,
    Verdict,
    Verified,
)
from reconciler.planning.diff import changes
from reconciler.planning.drift import findings
from reconciler.planning.guards import cut_moves
from reconciler.planning.planner import build_plan
from reconciler.planning.records import records

texts = st.none() | st.text(max_size=5)


@given(st.dictionaries(st.sampled_from("abcd"), texts), st.dictionaries(st.sampled_from("abcd"), texts))
def test_changes_are_the_values_that_differ_in_order_of_path(
    before: dict[str, str | None], after: dict[str, str | None]
) -> None:
    different = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    told = [change for change in changes(before, after) if change.before != change.after]
    assert told == [Change(name, before.get(name), after.get(name)) for name in different]


def test_equal_records_do_not_cost_the_import_of_deepdiff() -> None:
    look = (
        "import sys; from reconciler.planning.diff import changes;"
        "changes({'a': 1}, {'a': 1}); assert 'deepdiff' not in sys.modules;"
        "changes({'a': 1}, {'a': 2}); assert 'deepdiff' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", look], check=True)


def plan_of(desired: dict[str, str | None], found: dict[str, Live]) -> Plan:
    return build_plan([wish(name, hostname) for name, hostname in desired.items()], found, API_URL)


def drifted(web: str | None = "old.example.com") -> Plan:
    return plan_of(
        {"gone": "gone.example.com", "more": None, "same": "same.example.com", "web": "new.example.com"},
        {
            "gone": Absent(),
            "more": live("more", "more.example.com"),
            "same": Present(pending("same", "same.example.com")),
            "web": live("web", web),
        },
    )


def test_a_drift_message_has_live_and_desired() -> None:
    found = findings(drifted())
    assert [(item.kind, item.environment, item.hostname, item.message, item.changes) for item in found] == [
        (
            DriftKind.MISSING,
            "gone",
            "gone.example.com",
            "`gone` has no custom domain, but the manifest declares `gone.example.com`",
            (Change("hostname", None, "gone.example.com"),),
        ),
        (
            DriftKind.UNEXPECTED,
            "more",
            "more.example.com",
            "`more` has `more.example.com`, but the manifest declares none",
            (Change("hostname", "more.example.com", None),),
        ),
        (
            DriftKind.HOSTNAME_DIFFERS,
            "web",
            "old.example.com",
            "`web` has `old.example.com`, but the manifest declares `new.example.com`",
            (Change("hostname", "old.example.com", "new.example.com"),),
        ),
    ]


def test_a_fingerprint_stays_while_the_finding_does_and_is_another_for_another() -> None:
    def prints(found: tuple[Finding, ...]) -> list[str]:
        return [item.fingerprint for item in found]

    first, other = prints(findings(drifted())), prints(findings(drifted("older.example.com")))
    assert first[:2] == other[:2]
    assert first[2] != other[2]
    assert first == ["c1f1aed61dc3aab9", "c2f89de4feb0e205", "51e9c91c9a6092bc"]  # in every process and version


def test_what_cannot_be_read_is_no_drift() -> None:
    assert findings(plan_of({"web": "web.example.com"}, {"web": unreadable()})) == ()


def test_each_domain_needs_two_records_exactly_as_the_api_gave_them() -> None:
    given_ = domain("web", "web.example.com", cname_record="Web.Example.com.", cname_value="CDN.imgwire.dev.")
    assert records([("web", given_)]) == (
        Record("web", "web.example.com", "routing", "web.example.com", "cdn.imgwire.dev"),
        Record("web", "web.example.com", "validation", given_.dcv_cname_record, given_.dcv_cname_value),
    )


MOVE = {"blue": live("blue", "www.example.com"), "green": Absent()}


@pytest.mark.parametrize(
    ("desired", "others", "expected"),
    [
        pytest.param(
            {"blue": None},
            {"green": ("www.example.com", None)},
            [
                Block(
                    "selection_cuts_move",
                    "blue",
                    "`www.example.com` moves from `blue` to `green`, and the selection leaves `green` out",
                    "--env green",
                )
            ],
            id="the environment that takes the name is left out",
        ),
        pytest.param(
            {"green": "www.example.com"},
            {"blue": (None, "www.example.com")},
            [
                Block(
                    "selection_cuts_move",
                    "green",
                    "`www.example.com` moves from `blue` to `green`, and the selection leaves `blue` out",
                    "--env blue",
                )
            ],
            id="the environment that gives the name is left out",
        ),
        pytest.param(
            {"blue": "b.example.com"},
            {"green": ("www.example.com", "b.example.com")},
            [
                Block(
                    "selection_cuts_move",
                    "blue",
                    "`www.example.com` moves from `blue` to `green`, and the selection leaves `green` out",
                    "--env green",
                ),
                Block(
                    "selection_cuts_move",
                    "blue",
                    "`b.example.com` moves from `green` to `blue`, and the selection leaves `green` out",
                    "--env green",
                ),
            ],
            id="both halves of a swap",
        ),
        pytest.param({"blue": None}, {"green": ("other.example.com", None)}, [], id="another name"),
        pytest.param({"green": "www.example.com"}, {"blue": (None, None)}, [], id="what was not read holds nothing"),
        pytest.param({"blue": "www.example.com"}, {"green": (None, None)}, [], id="nothing moves"),
    ],
)
def test_a_selection_does_not_cut_a_move_in_half(
    desired: dict[str, str | None], others: dict[str, tuple[str | None, str | None]], expected: list[Block]
) -> None:
    plan = plan_of(desired, {name: MOVE[name] for name in desired})
    assert list(cut_moves(plan, others)) == expected


CREATE = plan_of({"web": "web.example.com"}, {"web": Absent()})
VERIFY = plan_of({"web": "web.example.com"}, {"web": Present(pending("web", "web.example.com"))})
NOTHING = plan_of({"web": "web.example.com"}, {"web": live("web", "web.example.com")})
DARK = plan_of({"web": "web.example.com"}, {"web": unreadable()})
HALF_DARK = plan_of({"dark": None, "web": "web.example.com"}, {"dark": unreadable(), "web": Absent()})
LOCKED = plan_of({"a": None, "b": None}, {"a": unreadable(ServerFault("500")), "b": locked_out()})
WRONG = Block("wrong_environment", "web", "…")
PROTECTED = Block("protected", "web", "…", "--unprotect web")


@pytest.mark.parametrize(
    ("plan", "blocks", "expected"),
    [
        pytest.param(NOTHING, [], (0, 0, "ok", "in_sync"), id="in sync"),
        pytest.param(VERIFY, [], (0, 0, "ok", "verify_only"), id="verify is no change"),
        pytest.param(CREATE, [], (0, 2, "changes", None), id="changes"),
        pytest.param(CREATE, [PROTECTED], (5, 5, "refused", "protected"), id="what apply would refuse"),
        pytest.param(CREATE, [WRONG, PROTECTED], (5, 5, "refused", "wrong_environment"), id="a wrong environment"),
        pytest.param(DARK, [], (8, 8, "unreachable", "unreadable"), id="unreadable"),
        pytest.param(HALF_DARK, [], (8, 8, "unreachable", "unreadable"), id="unreadable beside a change"),
        pytest.param(LOCKED, [], (7, 7, "credentials", "unreadable"), id="the key is to blame"),
        pytest.param(DARK, [WRONG], (8, 8, "unreachable", "unreadable"), id="unreadable weighs more"),
    ],
)
def test_the_exit_code_of_a_plan(plan: Plan, blocks: list[Block], expected: tuple[int, int, str, str | None]) -> None:
    quiet, detailed, outcome, reason = expected
    assert of_plan(plan, blocks, detailed=False) == (quiet, outcome, reason)
    assert of_plan(plan, blocks, detailed=True) == (detailed, outcome, reason)
    assert reading_code(plan) == (quiet if quiet in {7, 8} else 0)


DONE = StepResult(StepState.DONE)
LEFT = StepResult(StepState.NOT_STARTED)
CONFLICT = StepResult(StepState.FAILED, StepError("conflict", "409"))
UNANSWERED = StepResult(StepState.FAILED, StepError("no_answer", "…"))
FORBIDDEN = StepResult(StepState.FAILED, StepError("unauthorized", "403"))
CHANGED = StepResult(StepState.FAILED, StepError("changed", "…"))
SKIPPED = StepResult(StepState.SKIPPED, StepError("dependency", "…"))


def failed(status: str = "FAILED") -> StepResult:
    return StepResult(StepState.DONE, domain=domain("web", "web.example.com", status=status))


@pytest.mark.parametrize(
    ("plan", "results", "more", "expected"),
    [
        pytest.param(NOTHING, [], {}, (0, "in_sync"), id="nothing to do"),
        pytest.param(CREATE, [DONE, DONE], {"writes_done": 1}, (0, None), id="all done"),
        pytest.param(
            CREATE, [DONE, failed()], {"writes_done": 1}, (0, None), id="a new domain still needs its records"
        ),
        pytest.param(VERIFY, [failed()], {}, (4, "stuck"), id="failed again after a fresh check"),
        pytest.param(VERIFY, [failed("CONNECTED")], {}, (0, None), id="waiting is not stuck"),
        pytest.param(CREATE, [DONE, UNANSWERED], {"writes_done": 1}, (6, "no_answer"), id="a write done, the rest not"),
        pytest.param(CREATE, [CONFLICT, SKIPPED], {}, (1, "conflict"), id="refused, nothing written"),
        pytest.param(CREATE, [UNANSWERED, SKIPPED], {}, (8, "no_answer"), id="nobody answers"),
        pytest.param(CREATE, [FORBIDDEN, SKIPPED], {}, (7, "unauthorized"), id="the key may not write"),
        pytest.param(CREATE, [CHANGED, SKIPPED], {}, (5, "changed"), id="changed by someone else before any write"),
        pytest.param(CREATE, [LEFT, LEFT], {"interrupted": ExitCode.INTERRUPTED}, (130, "interrupted"), id="SIGINT"),
        pytest.param(CREATE, [LEFT, LEFT], {"interrupted": ExitCode.TERMINATED}, (143, "interrupted"), id="SIGTERM"),
        pytest.param(
            CREATE,
            [DONE, LEFT],
            {"writes_done": 1, "interrupted": ExitCode.INTERRUPTED},
            (6, "interrupted"),
            id="a signal after a write",
        ),
        pytest.param(
            CREATE, [DONE, DONE], {"writes_done": 1, "interrupted": ExitCode.INTERRUPTED}, (0, None), id="a late signal"
        ),
        pytest.param(HALF_DARK, [DONE, DONE], {"writes_done": 1}, (6, "unreadable"), id="done but for the unreadable"),
        pytest.param(DARK, [], {}, (8, "unreadable"), id="nothing could be read"),
        pytest.param(LOCKED, [], {}, (7, "unreadable"), id="the key weighs more than the network"),
    ],
)
def test_the_exit_code_of_an_apply(
    plan: Plan, results: list[StepResult], more: dict[str, Any], expected: tuple[int, str | None]
) -> None:
    by_id = {step.id: result for step, result in zip(plan.steps, results, strict=True)}
    assert of_apply(plan, Applied(by_id, {}, **more)) == expected


def verified(verdict: Verdict, state: Live | None = None) -> Verified:
    return Verified("web", verdict, state or Absent(), "…")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param([], (0, None), id="nothing to verify"),
        pytest.param([verified(Verdict.READY)], (0, None), id="ready"),
        pytest.param([verified(Verdict.READY), verified(Verdict.WAITING)], (3, "not_ready"), id="waiting"),
        pytest.param([verified(Verdict.ABSENT)], (3, "not_ready"), id="absent"),
        pytest.param([verified(Verdict.WAITING), verified(Verdict.STUCK)], (4, "stuck"), id="stuck"),
        pytest.param([verified(Verdict.STUCK), verified(Verdict.UNKNOWN, unreadable())], (8, "unreachable"), id="dark"),
        pytest.param([verified(Verdict.UNKNOWN, locked_out())], (7, "credentials"), id="locked out"),
    ],
)
def test_the_exit_code_of_a_verification(found: list[Verified], expected: tuple[int, str | None]) -> None:
    assert of_verify(NOTHING, found) == expected
