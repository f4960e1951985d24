"""Real processes play on the same stage as the tests of the command line."""

from __future__ import annotations

from cli.conftest import stage

__all__ = ["stage"]
