"""Real processes play on the same stage as the tests of the command line."""

from __future__ import annotations

from cli.conftest import reads_do_not_lag, stage

__all__ = ["reads_do_not_lag", "stage"]
