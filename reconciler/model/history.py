"""Earlier drift reports: which findings they had, and since when a finding exists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class EarlierFinding:
    """The environment and the kind of a finding of an earlier run."""

    environment: str
    kind: str


@dataclass(frozen=True, slots=True)
class EarlierDrift:
    """One earlier report: when it was made (RFC 3339, UTC), its findings by fingerprint, and the environments that it read."""

    created_at: str
    findings: Mapping[str, EarlierFinding]
    read: frozenset[str]


@dataclass(frozen=True, slots=True)
class History:
    """Earlier reports, the oldest first, and the paths of files that were skipped."""

    runs: tuple[EarlierDrift, ...] = ()
    skipped: tuple[str, ...] = ()

    def since(self, fingerprint: str, environment: str) -> str | None:
        """The time of the first run in a row that had the finding; None where the last run did not have it.

        A run that did not read the environment ends no row: unknown is not absent.
        """
        first = None
        for run in reversed(self.runs):
            if fingerprint in run.findings:
                first = run.created_at
            elif environment in run.read:
                break
        return first


NO_HISTORY = History()
