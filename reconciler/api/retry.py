"""When a read is retried, and after how long. The policy decides; it never sleeps and never sends."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.api.throttle import ThrottleBudgetExceeded
from reconciler.model.errors import BackendError, NoAnswer, NotSent, ServerFault, Throttled, Unexpected

if TYPE_CHECKING:
    from collections.abc import Callable

_TEMPORARY = (NotSent, NoAnswer, Throttled, ServerFault)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds throughout. `retries` counts attempts after the first; `budget` bounds all waiting for one answer."""

    retries: int = 4
    first_delay: float = 0.25
    max_delay: float = 8.0
    budget: float = 120.0
    jitter: Callable[[], float] = random.random

    def delay(self, attempt: int, failure: BackendError, waited: float = 0.0) -> float | None:
        """Seconds to wait after the failed attempt number `attempt` (from 1), or None to give up.

        `Retry-After` makes it longer, never shorter: 0, or a date that has passed by this clock, is no reason to hurry. A wait
        beyond the budget is not shortened but given up.
        """
        if attempt > self.retries or not self._is_temporary(failure):
            return None
        backoff = min(self.max_delay, self.first_delay * 2.0 ** (attempt - 1)) * (0.5 + self.jitter() / 2)
        wait = max(backoff, failure.retry_after or 0.0)
        return wait if waited + wait <= self.budget else None

    @staticmethod
    def _is_temporary(failure: BackendError) -> bool:
        # A 200 that is incomplete or garbled may pass; the 404 or the redirect of another web server does not.
        if isinstance(failure, ThrottleBudgetExceeded):
            return False
        return isinstance(failure, _TEMPORARY) or (isinstance(failure, Unexpected) and failure.status == 200)
