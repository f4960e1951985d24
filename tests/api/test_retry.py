"""When a read is retried, and after how long."""

from __future__ import annotations

import pytest

from reconciler.api.retry import RetryPolicy
from reconciler.api.throttle import ThrottleBudgetExceeded
from reconciler.model.errors import (
    BackendError,
    NoAnswer,
    NotFound,
    NotSent,
    Refused,
    ServerFault,
    Throttled,
    Unauthorized,
    Unexpected,
)

POLICY = RetryPolicy(retries=4, first_delay=0.25, max_delay=8.0, budget=120.0, jitter=lambda: 1.0)


@pytest.mark.parametrize(
    ("failure", "again"),
    [
        pytest.param(NotSent("…"), True, id="not sent"),
        pytest.param(NoAnswer("…"), True, id="no answer"),
        pytest.param(Throttled("…"), True, id="throttled"),
        pytest.param(ServerFault("…"), True, id="5xx"),
        pytest.param(Unexpected("…", status=200), True, id="a garbled 200"),
        pytest.param(Unexpected("…", status=404), False, id="another server's 404"),
        pytest.param(Unexpected("…", status=307), False, id="a redirect"),
        pytest.param(Unauthorized("…"), False, id="unauthorized"),
        pytest.param(NotFound("…"), False, id="not found"),
        pytest.param(Refused("…"), False, id="refused"),
        pytest.param(ThrottleBudgetExceeded("…"), False, id="the budget of the run is spent"),
        pytest.param(BackendError("…"), False, id="anything else"),
    ],
)
def test_only_temporary_failures_are_retried(failure: BackendError, again: bool) -> None:
    assert (POLICY.delay(1, failure) is not None) is again


@pytest.mark.parametrize(
    ("attempt", "waited", "told", "expected"),
    [
        pytest.param(1, 0.0, None, 0.25, id="first"),
        pytest.param(2, 0.0, None, 0.5, id="second"),
        pytest.param(4, 0.0, None, 2.0, id="fourth"),
        pytest.param(5, 0.0, None, None, id="no more attempts"),
        pytest.param(1, 0.0, 0.0, 0.25, id="at once, or at a time that has passed"),
        pytest.param(1, 0.0, 100.0, 100.0, id="as told, to the second"),
        pytest.param(1, 0.0, 120.0, 120.0, id="all of the budget"),
        pytest.param(1, 0.0, 120.5, None, id="beyond the budget: not shortened but given up"),
        pytest.param(2, 100.0, 20.0, 20.0, id="the rest of the budget"),
        pytest.param(2, 100.0, 21.0, None, id="more than the rest"),
    ],
)
def test_the_pause_before_the_next_attempt(
    attempt: int, waited: float, told: float | None, expected: float | None
) -> None:
    assert POLICY.delay(attempt, Throttled("429", retry_after=told), waited) == expected


def test_pauses_stop_growing_and_are_jittered_down_to_a_half() -> None:
    patient = RetryPolicy(retries=20, jitter=lambda: 1.0)
    assert [patient.delay(attempt, NotSent("…")) for attempt in (5, 6, 7, 20)] == [4.0, 8.0, 8.0, 8.0]
    assert RetryPolicy(jitter=lambda: 0.0).delay(1, NotSent("…")) == 0.125


def test_without_retries_no_read_is_retried() -> None:
    assert RetryPolicy(retries=0).delay(1, NotSent("…")) is None


def test_by_default_a_read_is_sent_five_times_within_two_minutes() -> None:
    policy = RetryPolicy()
    assert 0.125 <= (policy.delay(1, NotSent("…")) or 0) <= 0.25
    assert policy.delay(4, NotSent("…")) is not None
    assert policy.delay(5, NotSent("…")) is None
    assert policy.delay(1, Throttled("…", retry_after=120.0)) == 120.0
    assert policy.delay(1, Throttled("…", retry_after=121.0)) is None
