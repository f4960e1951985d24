"""Random lives of a small organization, and everything that can go wrong while a plan is applied to it, as plain data: who
holds what, who wants what, and what happens at which request."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Mapping


NAMES = tuple("abcde")
OUTSIDER = "outsider"  # an Environment that no manifest lists
HOSTS = tuple(f"{letter}.example.com" for letter in "tuvwxyz")
MISTAKEN_PIN = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Trouble:
    """What one request meets. `acts` carries it out all the same, `late` as many requests later."""

    kind: str  # connect, drop, timeout, hang, html, shape, moved, stale (of a read), or a status
    acts: bool = False
    late: int = 0


@dataclass(frozen=True)
class Meddling:
    """Somebody else at work in the dashboard: takes the domain of an Environment away, gives it another hostname, or has the
    one that is there checked, so that it serves."""

    environment: str
    hostname: str | None = None
    checks: bool = False


@dataclass(frozen=True)
class Outage:
    """From request `since` on, every `operation` (read, delete, create or test) meets the trouble."""

    operation: str
    trouble: Trouble
    since: int = 1

    @property
    def systemic(self) -> bool:
        """It is not about one hostname or one environment."""
        return self.trouble.kind not in {"409", "422", "400"}


@dataclass(frozen=True)
class Round:
    """One apply. Everything is keyed by the number of the request before which it happens, counted from 1."""

    wants: Mapping[str, str | None]
    troubles: Mapping[int, Trouble] = field(default_factory=dict)
    meddling: Mapping[int, Meddling] = field(default_factory=dict)
    killed_before: int | None = None
    killed_after: int | None = None
    stopped: int | None = None
    stopped_again: int | None = None
    restore: bool = True
    outages: tuple[Outage, ...] = ()
    refused_hostnames: frozenset[str] = frozenset()  # creates of these are answered with 422
    selected: frozenset[str] | None = None  # only these environments take part
    again: bool = False  # afterwards the saved plan of this round is applied again, with nothing in the way
    impostor: tuple[str, str] | None = None  # creates in the first answer as if they had landed in the second


@dataclass(frozen=True)
class Scenario:
    """What is there, how the server behaves, and the rounds."""

    holds: Mapping[str, str | None]
    ready: bool
    outsider: str | None
    pinned: frozenset[str]
    one_key: bool
    switches: Switches
    parallelism: int
    yields: tuple[int, ...]
    rounds: tuple[Round, ...]
    lag: int = 0  # so many reads after each change show the state before it
    nulls: tuple[str, ...] = ()  # fields that no answer has a value for
    missing: bool = False  # such fields are left out instead
    held_before: Mapping[str, str | None] = field(default_factory=dict)  # what each held until shortly before the plan
    ahead: float = 0.0  # seconds by which the clock was fast that gave the first custom domains their times
    mistaken: str | None = None  # its pin is not the Environment that its key opens


_LOST = ("drop", "timeout", "hang", "html", "shape", "moved", "500", "502", "503", "404", "409", "408")
_REFUSED = ("connect", "400", "401", "402", "403", "422", "429", "429-soon")
_TROUBLES = st.one_of(
    st.builds(Trouble, st.sampled_from(_LOST), acts=st.booleans()),
    st.builds(Trouble, st.sampled_from(_REFUSED)),
    st.builds(Trouble, st.just("timeout"), acts=st.just(True), late=st.integers(1, 12)),
    st.just(Trouble("stale")),
)
_OUTAGES = st.builds(
    Outage,
    st.sampled_from(["create", "create", "create", "delete", "read", "test"]),
    st.one_of(
        st.builds(Trouble, st.sampled_from([*_REFUSED, "drop", "html", "500", "503", "409"])),
        st.builds(Trouble, st.sampled_from(["drop", "502"]), acts=st.just(True)),
    ),
    st.integers(1, 20),
)
_NULLABLE = (
    *("cname_record", "cname_value", "dcv_cname_record", "dcv_cname_value"),
    *("certificate_status", "status", "last_verified_at", "created_at", "updated_at"),
)
_MOMENT = st.integers(1, 30)


@st.composite
def _placed(draw: st.DrawFn, names: tuple[str, ...], hosts: tuple[str, ...]) -> dict[str, str | None]:
    order = draw(st.permutations(hosts))
    return {name: order[index] if draw(st.integers(0, 4)) else None for index, name in enumerate(names)}


@st.composite
def _rounds(draw: st.DrawFn, names: tuple[str, ...], hosts: tuple[str, ...]) -> Round:
    end = draw(st.sampled_from(["", "", "", "killed_before", "killed_after", "stopped", "stopped_again"]))
    ends: dict[str, Any] = {}
    if end == "stopped_again":
        ends["stopped"] = draw(_MOMENT)
        ends["stopped_again"] = ends["stopped"] + draw(st.integers(0, 6))
    elif end:
        ends[end] = draw(_MOMENT)
    meddling = st.builds(Meddling, st.sampled_from(names), st.sampled_from((None, *hosts)))
    return Round(
        draw(_placed(names, hosts)),
        draw(st.dictionaries(_MOMENT, _TROUBLES, max_size=4)),
        draw(st.dictionaries(_MOMENT, meddling, max_size=2)) if draw(st.integers(0, 2)) == 0 else {},
        restore=draw(st.integers(0, 5)) > 0,
        outages=tuple(draw(st.lists(_OUTAGES, min_size=1, max_size=2))) if draw(st.integers(0, 3)) == 0 else (),
        selected=draw(st.frozensets(st.sampled_from(names), min_size=1)) if draw(st.integers(0, 4)) == 0 else None,
        again=draw(st.integers(0, 2)) == 0,
        **ends,
    )


_SWITCHES = st.builds(
    Switches,
    absent=st.sampled_from(["404", "400", "410", "null"]),
    delete_absent=st.sampled_from(["404", "200"]),
    delete_seconds=st.sampled_from([0.0, 0.0, 0.0, 2.0]),
    second_create=st.sampled_from(["conflict", "conflict", "same", "replace"]),
    hostname_form=st.sampled_from(["lower", "upper", "dotted"]),
    check=st.sampled_from(["now", "never", "fail"]),
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """One or two rounds of trouble over up to five Environments."""
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    outsider = draw(st.sampled_from([None, None, None, HOSTS[0]]))
    hosts = HOSTS[: len(names) + 2]
    free = tuple(host for host in hosts if host != outsider)
    one_key = draw(st.booleans())
    ahead = draw(st.sampled_from([0.0, 0.0, 0.0, 10.0, 3600.0]))
    return Scenario(
        holds=draw(_placed(names, free)),
        ready=draw(st.booleans()),
        outsider=outsider,
        pinned=frozenset(names) if one_key else draw(st.frozensets(st.sampled_from(names))),
        one_key=one_key,
        # A domain that only seems older may be another writer's: the API has to refuse the create.
        switches=replace(draw(_SWITCHES), second_create="conflict") if ahead else draw(_SWITCHES),
        parallelism=draw(st.integers(1, 4)),
        yields=draw(st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple)),
        rounds=tuple(draw(st.lists(_rounds(names, hosts), min_size=1, max_size=2))),
        lag=draw(st.sampled_from([0, 0, 1, 3])),
        nulls=tuple(draw(st.lists(st.sampled_from(_NULLABLE), max_size=3, unique=True))),
        missing=draw(st.booleans()),
        # Where times are wrong and reads are old, nothing tells what is new.
        held_before=draw(_placed(names, free)) if not ahead and draw(st.integers(0, 2)) == 0 else {},
        ahead=ahead,
    )
