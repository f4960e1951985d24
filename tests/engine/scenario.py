"""Random lives of a small organization, and everything that can go wrong while a plan is applied to it.

A scenario is plain data: who holds what, who wants what, and what happens at which request. `live_through` plays it against
the emulator without real time, and asserts at every request what must never happen.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import strategies as st
from seeded_ids import seeded_ids

from reconciler.api.backend import DOMAIN_PATH, AllowedCalls, HttpBackend, HttpSettings
from reconciler.api.retry import RetryPolicy
from reconciler.documents.earlier import Earlier
from reconciler.documents.saved_plan import SavedPlan
from reconciler.emulator.app import build
from reconciler.emulator.auth import Account
from reconciler.emulator.problems import Problem
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World
from reconciler.engine.apply import Run, RunSettings
from reconciler.engine.policy import WritePolicy
from reconciler.engine.refresh import read_all
from reconciler.engine.stop import Stop
from reconciler.model.domains import domain_of
from reconciler.model.environments import Credential, Environment, KeyVariable, Secret
from reconciler.model.exit_codes import ExitCode
from reconciler.model.ledger import Ledger
from reconciler.model.observer import NullObserver
from reconciler.model.report import RestoreFailure, StepState
from reconciler.model.steps import Create, Delete, Verify
from reconciler.planning.guards import Consent, blocks, cut_moves
from reconciler.planning.planner import build_plan
from reconciler.planning.saved import stale, with_done

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, Restore, StepResult
    from reconciler.model.steps import Step

API_URL = "http://emulator.localhost"
NAMES = tuple("abcde")
OUTSIDER = "outsider"  # an Environment that no manifest lists
HOSTS = tuple(f"{letter}.example.com" for letter in "tuvwxyz")
MISTAKEN_PIN = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Trouble:
    """What one request meets. `acts` carries it out all the same, `late` as many requests later."""

    kind: str  # connect, drop, timeout, hang, html, shape, moved, or a status
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
    mistaken: str | None = None  # its pin is not the Environment that its key opens


_LOST = ("drop", "timeout", "hang", "html", "shape", "moved", "500", "502", "503", "404", "409", "408")
_REFUSED = ("connect", "400", "401", "402", "403", "422", "429", "429-soon")
_TROUBLES = st.one_of(
    st.builds(Trouble, st.sampled_from(_LOST), acts=st.booleans()),
    st.builds(Trouble, st.sampled_from(_REFUSED)),
    st.builds(Trouble, st.just("timeout"), acts=st.just(True), late=st.integers(1, 12)),
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
    return Scenario(
        holds=draw(_placed(names, free)),
        ready=draw(st.booleans()),
        outsider=outsider,
        pinned=frozenset(names) if one_key else draw(st.frozensets(st.sampled_from(names))),
        one_key=one_key,
        switches=draw(_SWITCHES),
        parallelism=draw(st.integers(1, 4)),
        yields=draw(st.lists(st.integers(0, 3), min_size=1, max_size=5).map(tuple)),
        rounds=tuple(draw(st.lists(_rounds(names, hosts), min_size=1, max_size=2))),
        lag=draw(st.sampled_from([0, 0, 1, 3])),
        nulls=tuple(draw(st.lists(st.sampled_from(_NULLABLE), max_size=3, unique=True))),
        missing=draw(st.booleans()),
    )


class Killed(BaseException):
    """The process is dead: nothing that it would still do reaches anybody."""


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = self._start = 1_790_000_000.0

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return self.now - self._start

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Act:
    """Something that really changed on the server. `hostname` None says that the domain `id` was deleted."""

    moment: int
    environment: str
    hostname: str | None
    id: str
    ours: bool


@dataclass(frozen=True)
class Sent:
    """A write that left the tool, and the moment of the look before it."""

    moment: int
    looked: int
    environment: str
    method: str
    hostname: str | None


class Organization:
    """The server, and its own record of what was sent and what was done."""

    def __init__(self, scenario: Scenario) -> None:
        self.clock = Clock()
        self.world = World(scenario.switches, clock=self.clock, ids=seeded_ids(1))
        self.names = tuple(scenario.holds)
        self.ids = {name: self.world.new_id() for name in (*self.names, OUTSIDER)}
        self.pins = {name: self.ids[name] for name in scenario.pinned}
        if scenario.mistaken is not None:
            self.pins[scenario.mistaken] = MISTAKEN_PIN
        shared = "sk_all" if scenario.one_key else None
        self.keys = {name: shared or f"sk_{name}" for name in self.names}
        self.world.auth.register(
            Account(name, Secret(self.keys.get(name, "sk_outsider")), found) for name, found in self.ids.items()
        )
        self.app = httpx.ASGITransport(build(self.world, sleep=self.clock.sleep))
        self.acts: list[Act] = []
        for name, hostname in (*scenario.holds.items(), (OUTSIDER, scenario.outsider)):
            if hostname is not None:
                self.world.domains.create(self.ids[name], hostname)
                if scenario.ready:
                    self.world.domains.test_connection(self.ids[name])

    def held(self, name: str) -> tuple[str, str] | None:
        """The hostname and the id of what the Environment holds now."""
        with self.world.reading() as state:
            claim = state.environments[self.ids[name]].claim
        if claim is None or claim.gone_at is not None:
            return None
        return claim.domain.hostname.lower().removesuffix("."), claim.domain.id

    def hostnames(self) -> dict[str, str | None]:
        return {name: held[0] if (held := self.held(name)) else None for name in self.names}

    def meddle(self, moment: int, meddling: Meddling) -> None:
        """What the API refuses somebody else is refused, too."""
        before = self.held(meddling.environment)
        if meddling.checks:
            self.world.domains.test_connection(self.ids[meddling.environment])
            return
        try:
            if before is not None:
                self.world.domains.delete(self.ids[meddling.environment])
            if meddling.hostname is not None:
                self.world.domains.create(self.ids[meddling.environment], meddling.hostname)
        except Problem:
            pass
        self._note(moment, meddling.environment, before, ours=False)

    async def act(self, moment: int, name: str, request: httpx.Request) -> httpx.Response:
        before = self.held(name)
        answer = await self.app.handle_async_request(request)
        self._note(moment, name, before, ours=True)
        return httpx.Response(answer.status_code, content=await answer.aread())

    async def peek(self, request: httpx.Request) -> httpx.Response:
        """What a read by the sender of this request would be answered now."""
        url = request.url.copy_with(path=DOMAIN_PATH)
        headers = {name: value for name, value in request.headers.items() if not name.startswith("content-")}
        answer = await self.app.handle_async_request(httpx.Request("GET", url, headers=headers))
        return httpx.Response(answer.status_code, content=await answer.aread())

    def _note(self, moment: int, name: str, before: tuple[str, str] | None, *, ours: bool) -> None:
        after = self.held(name)
        if before and (after is None or after[1] != before[1]):
            self.acts.append(Act(moment, name, None, before[1], ours))
        if after and (before is None or after[1] != before[1]):
            self.acts.append(Act(moment, name, after[0], after[1], ours))


View = tuple[str, str] | None  # hostname and id, or that there is none


class Wire(httpx.AsyncBaseTransport):
    """The network of one round. It knows what the tool has been told, and asserts what the tool must never send."""

    def __init__(self, server: Organization, scenario: Scenario, round_: Round) -> None:
        self.server, self.scenario, self.round = server, scenario, round_
        self.moment = 0
        self.dead = False
        self.stop = Stop()
        self.task: asyncio.Task[Applied] | None = None
        self.plan: Plan | None = None
        self.sent: list[Sent] = []
        self.paths: list[str] = []  # every request, as a word and the environment
        self.begun: dict[str, int] = {}  # how many requests had been answered when an environment met its first
        self.broken: list[str] = []
        self.late: defaultdict[int, list[tuple[str, httpx.Request]]] = defaultdict(list)
        self.was_late = False
        self.most_in_flight = 0
        self._in_flight = 0
        self._meddled = False
        self._told: dict[str, View] = {}  # absent: not known
        self.tripped: set[str] = set()  # the writes that have failed systemically, and restores that have failed
        self._lagging: dict[str, tuple[int, httpx.Response]] = {}  # reads that are still to show what was before
        self._emptied: set[str] = set()  # environments that the run has deleted in, and has created nothing in since
        self._deleting: dict[str, str] = {}  # the id that the last delete in each environment was about
        self._deleted: dict[str, str] = {}  # the same, where it was acknowledged: reads that show it are old
        self._may_arrive: dict[str, float] = {}  # when the last delete of unknown outcome was sent in each environment
        self._found_gone: set[str] = (
            set()
        )  # environments in which a read has shown that another writer deleted the domain
        self._fresh: dict[str, int] = {}  # environments whose last exchange was a look, and its moment

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Any rule that the tool breaks is kept in `broken`: to the tool an exception here is a lost answer."""
        try:
            return await self._handle(request)
        except AssertionError as error:
            self.broken.append(f"request {self.moment}: {str(error).splitlines()[0]}")
            raise

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        name = self._name(request)
        listed = self.round.selected or self.server.names
        assert self.dead or name in listed, "an environment that is not part of the run is not even read"
        if self.plan is None:  # while planning nothing goes wrong
            return self._thin(await self._answer(name, request))
        if request.method == "DELETE":
            assert not self.tripped or self.scenario.mistaken, "no further delete is sent after a systemic failure"
        self.begun.setdefault(name, self.moment)
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        assert self._in_flight <= self.scenario.parallelism
        try:
            return self._thin(await self._exchange(name, request))
        finally:
            self._in_flight -= 1

    def _thin(self, answer: httpx.Response) -> httpx.Response:
        """The answer without the values that this server does not give."""
        try:
            body = answer.json()
        except ValueError:
            return _unread(answer)
        if answer.status_code == 200 and isinstance(body, dict) and "hostname" in body:
            for name in self.scenario.nulls:
                if self.scenario.missing:
                    del body[name]
                else:
                    body[name] = None
            return httpx.Response(200, stream=httpx.ByteStream(json.dumps(body).encode()))
        return _unread(answer)

    async def _act(self, moment: int, name: str, request: httpx.Request) -> httpx.Response:
        """Carry the request out; reads show it only after a while where the scenario has it so."""
        if request.method == "GET" and request.url.path == DOMAIN_PATH:
            left, old = self._lagging.get(name, (0, None))
            if left and old is not None:
                self._lagging[name] = (left - 1, old)
                return httpx.Response(old.status_code, content=old.content)
            return await self.server.act(moment, name, request)
        if not self.scenario.lag or self.plan is None:
            return await self.server.act(moment, name, request)
        old, held = await self.server.peek(request), self.server.held(name)
        answer = await self.server.act(moment, name, request)
        if self.server.held(name) != held:
            self._lagging[name] = (self.scenario.lag, old)
        return answer

    async def flush(self) -> None:
        """Whatever is still on its way arrives."""
        for moment in sorted(self.late):
            for name, request in self.late.pop(moment):
                await self.server.act(moment, name, request)

    async def _exchange(self, name: str, request: httpx.Request) -> httpx.Response:
        for _ in range(self.scenario.yields[self.moment % len(self.scenario.yields)]):
            await asyncio.sleep(0)
        if self.dead:
            raise Killed
        self.moment += 1
        moment = self.moment
        for late_name, late_request in self.late.pop(moment, ()):
            await self.server.act(moment, late_name, late_request)
        if moment in self.round.meddling:
            self.server.meddle(moment, self.round.meddling[moment])
            self._meddled = True
        if moment == self.round.stopped:
            self.stop.request(ExitCode.INTERRUPTED)
        test = request.url.path != DOMAIN_PATH
        self.paths.append(f"{'TEST' if test else request.method} {name}")
        self._check(moment, name, request)
        if moment == self.round.killed_before:
            self.dead = True
            raise Killed
        answer = await self._trouble(moment, name, request)
        if moment == self.round.stopped_again and self.task is not None:
            self.task.cancel()
            for _ in range(5):  # as long as it takes until every task knows
                await asyncio.sleep(0)
        if moment == self.round.killed_after:
            self.dead = True
            raise Killed
        return answer

    async def _trouble(self, moment: int, name: str, request: httpx.Request) -> httpx.Response:
        trouble = self.round.troubles.get(moment) or self._outage(moment, request)
        if trouble is None:
            return await self._answer(name, request)
        # A delete that is acknowledged in the API's own form cannot be told from one that was done.
        acts = trouble.acts or (request.method == "DELETE" and trouble.kind == "shape")
        if trouble.kind == "409" and self.scenario.lag:
            acts = False  # one read tells our own conflict from another's, and that read must be up to date
        if trouble.kind == "hang":
            self.server.clock.now += 90.0
        if request.method != "GET" and acts:
            if trouble.late:
                self.was_late = True
                self.late[moment + trouble.late].append((name, request))
            else:
                await self._act(moment, name, request)
        if request.method == "GET":
            self._guess(name, trouble.kind)
        elif request.url.path == DOMAIN_PATH and (acts or trouble.kind not in _CERTAINLY_NOT_DONE):
            self._emptied -= {name} if request.method == "POST" else set()
            if request.method == "DELETE":
                self._may_arrive[name] = self.server.clock.now
        return _spoiled(trouble.kind, request)

    def _guess(self, name: str, kind: str) -> None:
        """Where the run itself has deleted, a 404 without the API's own words is taken for absent; so is any read that fails,
        unless a create was sent since whose outcome is unknown."""
        own = [sent for sent in self.sent if sent.environment == name]
        deleted = name in self._found_gone or any(sent.method == "DELETE" for sent in own)
        if deleted and (kind == "404" or name in self._emptied):
            self._told[name] = None
            self._fresh[name] = own[-1].moment if own else self.moment

    def _outage(self, moment: int, request: httpx.Request) -> Trouble | None:
        operation = "test" if request.url.path != DOMAIN_PATH else _OPERATIONS[request.method]
        if operation == "create" and json.loads(request.content)["hostname"] in self.round.refused_hostnames:
            return Trouble("422")
        outages = self.round.outages
        return next((o.trouble for o in outages if o.operation == operation and moment >= o.since), None)

    async def _answer(self, name: str, request: httpx.Request) -> httpx.Response:
        moment = self.moment
        answer = await self._act(moment, name, request)
        if self.round.impostor and request.method == "POST" and name == self.round.impostor[0]:
            lie = {**answer.json(), "environment_id": self.server.ids[self.round.impostor[1]]}
            return httpx.Response(200, json=lie)
        if request.url.path == DOMAIN_PATH:
            self._learn(moment, name, request.method, answer)
        return answer

    def _learn(self, moment: int, name: str, method: str, answer: httpx.Response) -> None:
        body = answer.json()
        if answer.status_code == 200 and isinstance(body, dict) and "hostname" in body:
            self._told[name] = (body["hostname"].lower().removesuffix("."), body["id"])
        elif method != "POST":
            self._told[name] = None
        if method == "DELETE" and answer.status_code == 200:
            self._deleted[name] = self._deleting[name]
        if method == "GET":
            self._fresh[name] = moment
            steps = self.plan.steps if self.plan else ()
            if self._told.get(name) is None and any(isinstance(s, Delete) and s.environment == name for s in steps):
                self._found_gone.add(name)
            # A read that shows none after a create with a lost answer: it was not done, as far as anyone can know.
            if self._told.get(name) is None and any(
                sent.environment == name and sent.method == "DELETE" for sent in self.sent
            ):
                self._emptied.add(name)
        elif method == "POST" and answer.status_code == 200:
            self._emptied.discard(name)

    def _check(self, moment: int, name: str, request: httpx.Request) -> None:
        """What must never leave the tool."""
        assert self.plan is not None
        if request.method == "GET":
            return
        steps = [step for step in self.plan.steps if step.environment == name]
        assert steps, "an environment without a step is never written to"
        if request.url.path != DOMAIN_PATH:
            return
        assert name in self._fresh, "a write is sent right after a look at its environment"
        looked = self._fresh.pop(name)
        for lane in self.plan.lanes:
            if name in (names := {step.environment for step in lane}):
                self._fresh = {other: at for other, at in self._fresh.items() if other not in names}
        seen = self._told.pop(name)
        hostname = json.loads(request.content)["hostname"] if request.method == "POST" else None
        if request.method == "DELETE":
            self._deleting[name] = seen[1] if seen else ""
            waited = self.server.clock.now - self._may_arrive.get(name, 0.0)
            assert waited >= _MAY_ARRIVE, "a delete of unknown outcome is not sent again while it may still arrive"
            planned = {step.precondition.id for step in steps if isinstance(step, Delete)}
            # What a conflict turns out to be with counts as ours when it has our hostname.
            wanted = {step.hostname for step in steps if isinstance(step, Create)}
            undone = {
                act.id
                for act in self.server.acts
                if act.environment == name and (act.hostname in wanted or (act.ours and act.hostname))
            }
            assert seen is not None
            assert seen[1] in planned | undone, "only the object that was read when planning is deleted"
        else:
            assert seen is None, "an environment never gets a second custom domain"
            emptied = {sent.environment for sent in self.sent if sent.method == "DELETE"}
            wanted = {step.hostname for step in steps if isinstance(step, Create)}
            given_up = {step.hostname for step in steps if isinstance(step, Delete) and name in emptied}
            assert hostname in wanted | given_up, "only a hostname of the plan is claimed"
            held = {
                other: view[0] for other, view in self._told.items() if view and view[1] not in self._deleted.values()
            }
            # What could not be undone in a wrong Environment may still keep its hostname from being put back.
            holders = {other for other in held if held[other] == hostname} - {self.scenario.mistaken}
            assert not holders or self._meddled, "a hostname is not claimed while it is known to be held"
        self.sent.append(Sent(moment, looked, name, request.method, hostname))
        if request.method == "DELETE":
            self._emptied.add(name)

    def _name(self, request: httpx.Request) -> str:
        sent_id = request.headers.get("x-environment-id")
        key = request.headers["authorization"].removeprefix("Bearer ")
        return next(
            name
            for name, found in self.server.ids.items()
            if (found == sent_id if sent_id else self.server.keys.get(name) == key)
        )


def _unread(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))


_MAY_ARRIVE = sum(WritePolicy().visibility_delays)  # seconds
_CERTAINLY_NOT_DONE = {"connect", "400", "401", "402", "403", "409", "422", "423", "425", "429", "429-soon"}
_OPERATIONS = {"GET": "read", "DELETE": "delete", "POST": "create"}
_NAMED = {
    "400": "InvalidHostnameError",
    "401": "InvalidTokenError",
    "402": "PaymentRequiredError",
    "403": "ResourceNotAuthorizedError",
    "409": "ResourceConflictError",
}


def _spoiled(kind: str, request: httpx.Request) -> httpx.Response:
    match kind:
        case "connect":
            raise httpx.ConnectError("refused", request=request)
        case "drop":
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
        case "timeout" | "hang":
            raise httpx.ReadTimeout("", request=request)
        case "html":
            return httpx.Response(200, html="<html>Welcome to nginx!</html>")
        case "shape":
            return httpx.Response(200, json={"status": "ok"})
        case "moved":
            return httpx.Response(307, headers={"location": "https://elsewhere.example/"})
        case "404" | "502" | "503":
            return httpx.Response(int(kind), html="<html>nginx</html>")
        case "422":
            return httpx.Response(
                422, json={"detail": [{"loc": ["body", "hostname"], "msg": "no", "type": "value_error"}]}
            )
        case "429-soon":
            return httpx.Response(429, headers={"retry-after": "3"}, json={"detail": "slow down"})
        case _:
            return httpx.Response(int(kind), json={"detail": "told to fail", "error_type": _NAMED.get(kind)})


@dataclass(frozen=True)
class Lived:
    """One round as it went. `applied` is what the tool said in the end, or what its last receipt says if it was killed."""

    plan: Plan
    wire: Wire
    applied: Applied
    acts: tuple[Act, ...]
    told: tuple[str, ...]
    patient: tuple[bool, ...]  # whether the run was, before it began and at each step
    killed: bool
    cut_off: bool
    replaced: int  # how many creates that followed a delete have succeeded


def environments(scenario: Scenario, server: Organization, wants: Mapping[str, str | None]) -> list[Environment]:
    return [
        Environment(
            name,
            hostname,
            KeyVariable(f"KEY_{name}"),
            environment_id=server.pins.get(name),
            send_environment_id=scenario.one_key,
        )
        for name, hostname in wants.items()
    ]


def saved(plan: Plan) -> SavedPlan:
    """What a plan file of this plan would hold."""
    before = {item.name: domain.as_dict() if (domain := domain_of(item.live)) else None for item in plan.environments}
    desired = {item.name: item.environment.hostname for item in plan.environments}
    steps = {step.id: step for step in plan.steps}
    return SavedPlan(plan.api_url, datetime.max.replace(tzinfo=UTC), "", (), desired, {}, before, steps)


def refusals(plan: Plan, scenario: Scenario, server: Organization, round_: Round, earlier: Earlier) -> set[str]:
    """The codes of what apply would refuse. Consent to everything is given but to what nobody can consent to."""
    others = {
        name: (hostname, server.hostnames()[name])
        for name, hostname in round_.wants.items()
        if round_.selected and name not in round_.selected
    }
    found = (*cut_moves(plan, others), *blocks(plan, Consent(max_interruptions=99, earlier=earlier)))
    return {block.code for block in found} - ({"wrong_environment"} if scenario.mistaken else set())


async def live_through(
    scenario: Scenario,
    server: Organization,
    round_: Round,
    *,
    earlier: Earlier | None = None,
    again: Plan | None = None,
) -> Lived | set[str]:
    """Read, plan and apply once; or why apply refuses. `again`: what is left to do of this plan, which was saved."""
    wire = Wire(server, scenario, round_)
    selected = round_.selected or frozenset(round_.wants)
    wished = [item for item in environments(scenario, server, round_.wants) if item.name in selected]
    credentials = {
        item.name: Credential(Secret(server.keys[item.name]), item.environment_id if item.send_environment_id else None)
        for item in wished
    }
    clock = server.clock
    backend = HttpBackend(
        credentials,
        HttpSettings(
            API_URL,
            AllowedCalls.WRITE,
            scenario.parallelism,
            retry=RetryPolicy(2, jitter=lambda: 0.5),
            transport=wire,
            sleep=clock.sleep,
            clock=clock,
            wall_clock=clock,
        ),
    )
    live = await read_all([item.name for item in wished], backend, scenario.parallelism)
    plan = build_plan(wished, live, API_URL)
    refused = refusals(plan, scenario, server, round_, earlier or Earlier())
    if again is not None:
        refused |= {block.code for block in stale(saved(again), plan)}
        plan = with_done(saved(again), plan)
    if refused:
        return refused
    wire.plan = plan
    receipts: list[Applied] = []
    told: list[str] = []
    patient = [wire.stop.patient]

    ledger = Ledger(plan)

    class Follower(NullObserver):
        def on_step(self, step: Step, result: StepResult) -> None:
            told.append(f"{step.id} {result.state}")
            patient.append(wire.stop.patient)
            receipts.append(ledger.snapshot(wire.stop.requested))
            nonlocal replaced
            replaced += isinstance(step, Create) and bool(step.after) and result.state is StepState.DONE
            if result.state is StepState.DONE:  # a read has shown that it was done after all
                wire.tripped.discard(step.id)
            local = {"refused", "conflict", "not_found", "changed"}
            if result.state is StepState.FAILED and not isinstance(step, Verify) and result.error:
                wire.tripped |= {step.id} if result.error.kind not in local else set()

        def on_restore(self, restore: Restore) -> None:
            wire.tripped |= {restore.environment} if isinstance(restore, RestoreFailure) else set()

    replaced = 0
    before = len(server.acts)
    policy = WritePolicy(retries=2, sleep=clock.sleep, clock=clock)
    settings = RunSettings(scenario.parallelism, round_.restore, policy)
    run = Run(ledger, backend, settings, wire.stop, Follower())
    receipts.append(ledger.snapshot())
    wire.task = asyncio.create_task(run.run())
    killed = cut_off = False
    try:
        applied = await wire.task
    except Killed:
        killed, applied = True, receipts[-1]
    except asyncio.CancelledError:
        cut_off, applied = True, ledger.snapshot(wire.stop.requested)
    assert not wire.broken, wire.broken
    acts = tuple(server.acts[before:])
    await wire.flush()
    return Lived(plan, wire, applied, acts, tuple(told), tuple(patient), killed, cut_off, replaced)
