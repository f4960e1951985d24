"""Results of DNS lookups of the records that custom domains need, and of publishing them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeGuard

from reconciler.model.exit_codes import ExitCode

# The documented targets lie here (guide, custom domains: `cdn-proxy.imgwire.dev`).
IMGWIRE_SUFFIX = ".imgwire.dev"
CHALLENGE = "_acme-challenge."
_DELEGATED_VALIDATION = ".dcv.cloudflare.com"

# RFC 1035 master files, YAML and shells give meaning to other characters, and no provider publishes them.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*", re.ASCII)


def plain_name(name: str | None) -> TypeGuard[str]:
    """Letters, digits, hyphens and underscores in labels of DNS's own lengths (RFC 1035, 2.3.4), without a trailing dot."""
    return name is not None and len(name) <= 253 and _PLAIN_NAME.fullmatch(name) is not None


def is_at_or_below(name: str, hostname: str) -> bool:
    """The name is the hostname, or below it: a custom domain needs no other record."""
    return name == hostname or name.endswith(f".{hostname}")


def is_usual_target(name: str, target: str) -> bool:
    """The target is below Imgwire's own domain; of a validation record also the hostname itself, as in the documented example,
    or the hostname below Cloudflare's host for delegated validation."""
    if target.lower().endswith(IMGWIRE_SUFFIX):
        return True
    hostname = name.removeprefix(CHALLENGE)
    delegated = target.startswith(f"{hostname}.") and target.endswith(_DELEGATED_VALIDATION)
    return name.startswith(CHALLENGE) and (target == hostname or delegated)


class DnsVerdict(StrEnum):
    """One CNAME in DNS, compared with the expected one.

    `flattened`: the target's own addresses are there instead of the CNAME; whether Imgwire accepts that is not documented.
    `not_checked`: no server answered, which means nothing for the record.
    """

    OK = "ok"
    MISSING = "missing"
    WRONG = "wrong"
    FLATTENED = "flattened"
    NOT_CHECKED = "not_checked"


class DnsAction(StrEnum):
    """What to do with the expected record: add it, or put it in the place of what exists at the name."""

    ADD = "add"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class LookupResult:
    """What DNS answered for one record. `found`: targets or addresses, without a trailing dot. `servers`: the servers that were
    queried. `wait`: seconds for which a resolver may keep an old answer, where it has one."""

    verdict: DnsVerdict
    found: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    note: str | None = None
    action: DnsAction | None = None
    wait: int | None = None

    @property
    def bad(self) -> bool:
        """DNS answered, and the expected record is not there."""
        return self.verdict in {DnsVerdict.MISSING, DnsVerdict.WRONG}


class DnsNoteKind(StrEnum):
    """What a warning from DNS is about."""

    CAA = "caa"
    DANGLING = "dangling"


@dataclass(frozen=True, slots=True)
class DnsNote:
    """A warning about a hostname: never an error, because Imgwire decides. `found`: the records as DNS has them."""

    kind: DnsNoteKind
    environment: str
    hostname: str
    message: str
    found: tuple[str, ...] = ()


class PublishState(StrEnum):
    """How the publishing of one record ended. `refused`: this tool did not try, for the reason in `error`. `unknown`: a write
    may have happened, and the zone could not be read again."""

    PLANNED = "planned"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True)
class Publication:
    """One CNAME to publish or delete in a zone at a provider (`target`). `before` is the value that it has, None where there is
    none; `after` is None for a delete. Names are without a trailing dot. `removes`: other records at the name that the CNAME
    replaces. `exit_code` classifies `error`. `passing`: another attempt may succeed."""

    target: str
    zone: str
    name: str
    before: str | None
    after: str | None
    state: PublishState = PublishState.PLANNED
    error: str | None = None
    exit_code: ExitCode = ExitCode.OK
    removes: tuple[str, ...] = ()
    passing: bool = False

    @property
    def place(self) -> tuple[str, str, str, str | None]:
        """Where it is to be written, and what is there now."""
        return self.target, self.zone, self.name, self.before

    @property
    def sent(self) -> bool:
        """A write of it was tried."""
        return self.state in {PublishState.DONE, PublishState.FAILED, PublishState.UNKNOWN}

    @property
    def leaves_imgwire(self) -> bool:
        """The target is no name below Imgwire's own domain."""
        return self.after is not None and not self.after.lower().endswith(IMGWIRE_SUFFIX)


@dataclass(frozen=True, slots=True)
class ZoneChange:
    """A record of a zone that differs between two readings. `name` is absolute, with its dot; `before` and `after` are the TTL
    and values in one line, None where there is no such record."""

    target: str
    zone: str
    name: str
    type: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        return f"{self.name} {self.type}: {self.before or 'absent'} -> {self.after or 'absent'}"
