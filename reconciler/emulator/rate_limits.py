"""Rate limits: requests per second, by key and in total."""

from __future__ import annotations

import math


class RateLimits:
    """Windows of one second. `wait` counts each request that it is called for."""

    def __init__(self) -> None:
        self._counts: dict[str, tuple[int, int]] = {}

    def wait(self, name: str, rate: float | None, now: float) -> float | None:
        """Seconds until `name` may send again, or None when this request is within its rate."""
        if rate is None:
            return None
        # A rate below one a second is one request in a longer window.
        length = 1.0 if rate >= 1 else (1 / rate if rate else math.inf)
        window = 0 if length == math.inf else math.floor(now / length)
        before, count = self._counts.get(name, (window, 0))
        count = count + 1 if before == window else 1
        self._counts[name] = (window, count)
        if count <= max(rate, 1 if rate else 0):
            return None
        return 3600.0 if length == math.inf else (window + 1) * length - now

    def clear(self) -> None:
        """Forget all counts."""
        self._counts.clear()
