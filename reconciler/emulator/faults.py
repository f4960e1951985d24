"""Faults: which request meets which trouble. Whoever answers requests carries them out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reconciler.emulator.caller import Caller


class FaultError(ValueError):
    """A fault's description that cannot be used. `str()` is one line fit for people."""


class Kind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # another status and body
    DELAY = "delay"  # the right answer, late
    DROP_BEFORE = "drop_before"  # the connection is closed, nothing was done
    DROP_AFTER = "drop_after"  # the act is done, the connection is closed without an answer
    TRUNCATE = "truncate"  # the answer breaks off in the middle
    GARBAGE = "garbage"  # 200 with something that is not the API's
    RATE_LIMIT = "rate_limit"  # 429 with Retry-After
    DRIP = "drip"  # the right answer, in small pieces over `seconds`
    REDIRECT = "redirect"  # 307 to `location`


_RIGHT_ANSWERS = frozenset({Kind.DELAY, Kind.TRUNCATE, Kind.DRIP})  # these need the request to be carried out


@dataclass(frozen=True, slots=True)
class Fault:
    """Trouble for the requests that match: the `nth` of them (from 1) and the ones after it, `times` in all.

    `method`, `path` (a shell pattern), `key` (label) and `environment` (id or name) match when None. `times` None is for ever.
    `seconds` passes before anything happens; for `drip` it is how long the answer takes. `body` is sent as JSON, or as HTML
    when it is a text. `retry_after` is sent as it is: seconds or a date. `act` carries the request out before a wrong answer.
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
    detail: str = "The emulator was told to fail here"
    body: Any = None
    retry_after: str | None = None
    location: str = "https://elsewhere.example/"
    act: bool = False

    @property
    def acts(self) -> bool:
        """The request is carried out although its answer may not be seen."""
        return self.act or self.kind in _RIGHT_ANSWERS or self.kind is Kind.DROP_AFTER

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
        fault = cls(
            **{**plain, "kind": Kind(plain["kind"]), "retry_after": None if retry_after is None else str(retry_after)}
        )
        if fault.nth < 1 or (fault.times or 1) < 1 or fault.seconds < 0 or not 200 <= fault.status <= 599:
            raise FaultError("`nth` and `times` of a fault count from 1, `seconds` from 0, `status` from 200 to 599")
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
}


def read_faults(path: Path) -> tuple[Fault, ...]:
    """The faults of a JSON file that holds a list of them. Raises FaultError."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise FaultError(f"{path}: not JSON") from None
    if not isinstance(plain, list):
        raise FaultError(f"{path}: a list of faults was expected")
    try:
        return tuple(Fault.of(item) for item in plain)
    except FaultError as error:
        raise FaultError(f"{path}: {error}") from None


class Faults:
    """The faults in force. Every fault counts the requests that match it; the first whose turn it is strikes."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._counted = [(fault, 0) for fault in faults]

    def add(self, *faults: Fault) -> None:
        """Put faults in force, behind those that are."""
        self._counted += [(fault, 0) for fault in faults]

    def clear(self) -> None:
        """Lift all faults."""
        self._counted.clear()

    def counts(self) -> list[tuple[Fault, int]]:
        """The faults and how many requests each has counted."""
        return list(self._counted)

    def next_fault(self, method: str, path: str, caller: Caller) -> Fault | None:
        """Count a request, and say which fault it meets."""
        struck = None
        for index, (fault, count) in enumerate(self._counted):
            if fault.matches(method, path, caller):
                self._counted[index] = (fault, count + 1)
                turn = count + 1 - fault.nth
                if struck is None and turn >= 0 and (fault.times is None or turn < fault.times):
                    struck = fault
        return struck
