"""Faults: which request gets which wrong response. `app` and `server` execute them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from reconciler.emulator.caller import Caller


class FaultError(ValueError):
    """A fault that cannot be used. `str()` is one line fit for people."""


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # another status and body
    DELAY = "delay"  # the right response, late
    DROP_BEFORE = "drop_before"  # the connection is closed, nothing was done
    DROP_AFTER = "drop_after"  # the request is carried out, the connection is closed without a response
    TRUNCATE = "truncate"  # the response ends in the middle
    GARBAGE = "garbage"  # 200 with something that is not the API's
    RATE_LIMIT = "rate_limit"  # 429 with Retry-After
    DRIP = "drip"  # the right response, in small pieces over `seconds`
    REDIRECT = "redirect"  # 307 to `location`
    FIELDS = "fields"  # the right response with the properties of `values` set and without those of `omit`
    GZIP = "gzip"  # the right response, compressed, whatever the request accepts
    SECOND_RESPONSE = "second_response"  # the right response, then an unrequested one on the same connection


_RIGHT_RESPONSES = frozenset(
    {Kind.DELAY, Kind.TRUNCATE, Kind.DRIP, Kind.FIELDS, Kind.GZIP, Kind.SECOND_RESPONSE}
)  # these need the request to be carried out


@dataclass(frozen=True, slots=True)
class Fault:
    """A wrong response for the requests that match: from the `nth` of them (from 1) on, `times` of them.

    `method`, `path` (a shell pattern), `key` (label) and `environment` (id or name) match when None. `times` None is for ever.
    `seconds` passes before anything happens; for `drip` it is how long the response takes. `body` is sent as JSON, or as HTML
    when it is a text. `retry_after` is sent as it is: seconds or a date. `act` executes the request before the wrong response.
    `status` and `body` are those of the wrong response, for `second_response` those of the second one.
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    key: str | None = None
    environment: str | None = None
    nth: int = 1
    times: int | None = 1
    seconds: float = 0.0
    status: int = 500
    error_type: str | None = None
    detail: str = "The emulator fails this request on purpose"
    body: Any = None
    retry_after: str | None = None
    location: str = "https://elsewhere.example/"
    act: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    omit: Sequence[str] = ()

    @property
    def acts(self) -> bool:
        """The request is executed, although its response may not be seen."""
        return self.act or self.kind in _RIGHT_RESPONSES or self.kind is Kind.DROP_AFTER

    def matches(self, method: str, path: str, caller: Caller) -> bool:
        """The request is one that this fault counts."""
        return (
            (self.method is None or self.method == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.key is None or self.key == caller.label)
            and (self.environment is None or self.environment in (caller.environment_id, caller.environment))
        )

    @classmethod
    def of(cls, plain: object) -> Fault:
        """From plain data under the field names. Raises FaultError."""
        if not isinstance(plain, dict):
            raise FaultError("a fault is an object")
        if unknown := set(plain) - {item.name for item in fields(cls)}:
            raise FaultError(f"unknown property of a fault: {', '.join(sorted(map(str, unknown)))}")
        if plain.get("kind") not in list(Kind):
            raise FaultError(f"`kind` of a fault is one of: {', '.join(Kind)}")
        for name, kinds in _TYPES.items():
            if name in plain and (
                not isinstance(plain[name], kinds) or (isinstance(plain[name], bool) and name != "act")
            ):
                raise FaultError(f"`{name}` of a fault is of the wrong type")
        retry_after = plain.get("retry_after")
        given = {
            **plain,
            "kind": Kind(plain["kind"]),
            "retry_after": None if retry_after is None else str(retry_after),
            "omit": tuple(plain.get("omit", ())),
        }
        fault = cls(**given)
        if fault.nth < 1 or (fault.times or 1) < 1 or fault.seconds < 0 or not 200 <= fault.status <= 599:
            raise FaultError("`nth` and `times` of a fault count from 1, `seconds` from 0, `status` from 200 to 599")
        if not all(isinstance(name, str) for name in fault.omit):
            raise FaultError("`omit` of a fault is a list of property names")
        return replace(fault, method=fault.method and fault.method.upper())

    def as_dict(self) -> dict[str, Any]:
        """Plain data that `of` understands."""
        return asdict(self)


_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("method", "path", "key", "environment", "error_type"), (str, type(None))),
    **dict.fromkeys(("detail", "location"), (str,)),
    "nth": (int,),
    "times": (int, type(None)),
    "seconds": (int, float),
    "status": (int,),
    "retry_after": (str, int, float, type(None)),
    "act": (bool,),
    "values": (dict,),
    "omit": (list, tuple),
}


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of a JSON file with a list of them. Raises FaultError."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise FaultError(f"{path}: not JSON") from None
    if not isinstance(plain, list):
        raise FaultError(f"{path}: not a list of faults")
    try:
        return tuple(Fault.of(item) for item in plain)
    except FaultError as error:
        raise FaultError(f"{path}: {error}") from None


@dataclass(slots=True)
class _Count:
    """How many requests a fault has matched, and how many of them it has hit."""

    fault: Fault
    matches: int = 0
    hits: int = 0

    @property
    def is_due(self) -> bool:
        return self.matches >= self.fault.nth and (self.fault.times is None or self.hits < self.fault.times)


class Faults:
    """The faults in force. Faults that are due for the same request take turns: the one with the fewest hits comes first."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._counts = [_Count(fault) for fault in faults]

    def add(self, *faults: Fault) -> None:
        """Put faults in force, behind those that are."""
        self._counts += [_Count(fault) for fault in faults]

    def clear(self) -> None:
        """Remove all faults."""
        self._counts.clear()

    def counts(self) -> list[tuple[Fault, int]]:
        """The faults and how many requests each has matched."""
        return [(count.fault, count.matches) for count in self._counts]

    def next_fault(self, method: str, path: str, caller: Caller) -> Fault | None:
        """Count a request, and return the fault that it gets."""
        matches = [count for count in self._counts if count.fault.matches(method, path, caller)]
        for count in matches:
            count.matches += 1
        due = min((count for count in matches if count.is_due), key=lambda count: count.hits, default=None)
        if due is None:
            return None
        due.hits += 1
        return due.fault
