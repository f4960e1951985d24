"""What DNS says of the records that custom domains need, as far as somebody answered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

# RFC 1035 master files, YAML and shells give meaning to other characters, and no provider publishes them.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*", re.ASCII)


def plain_name(name: str | None) -> TypeGuard[str]:
    """Letters, digits, hyphens and underscores in labels of DNS's own lengths (RFC 1035, 2.3.4), without a trailing dot."""
    return name is not None and len(name) <= 253 and _PLAIN_NAME.fullmatch(name) is not None


class DnsVerdict(StrEnum):
    """One published CNAME, held against the one that is needed.

    `flattened`: addresses stand where the CNAME should be, as proxying and flattening providers do; whether Imgwire accepts
    that is not documented. `not_checked`: nobody answered, which says nothing about the record.
    """

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    FLATTENED = "flattened"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in place of one record: targets or addresses, without a trailing dot, and which servers were asked."""

    verdict: DnsVerdict
    found: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    note: str | None = None

    @property
    def bad(self) -> bool:
        """DNS answered, and what is needed is not there."""
        return self.verdict in {DnsVerdict.MISSING, DnsVerdict.WRONG}


class DnsNoteKind(StrEnum):
    """What DNS has to say beside the two records."""

    CAA = "caa"
    DANGLING = "dangling"


@dataclass(frozen=True, slots=True)
class DnsNote:
    """A warning about a hostname: never an error, because Imgwire decides. `found` is what DNS holds, in its own words."""

    kind: DnsNoteKind
    environment: str
    hostname: str
    message: str
    found: tuple[str, ...] = ()


class PublishState(StrEnum):
    """How the publishing of one record ended."""

    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Publication:
    """One CNAME that is put into a zone at a provider (`target`). `before` is the target of the CNAME that it replaces, None
    where there was none. Names are without a trailing dot."""

    target: str
    zone: str
    name: str
    before: str | None
    after: str
    state: PublishState = PublishState.PLANNED
    error: str | None = None
