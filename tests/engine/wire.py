"""The way to the server of a scenario, on which everything goes wrong. At every request it asserts what must never happen."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import httpx

from reconciler.api.backend import DOMAIN_PATH
from reconciler.engine.policy import WritePolicy
from reconciler.engine.stop import Stop
from reconciler.model.exit_codes import ExitCode
from reconciler.model.steps import Create, Delete

from .organization import Sent
from .scenario import Trouble

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied

    from .organization import Organization, View
    from .scenario import Round, Scenario


class Killed(BaseException):
    """The process is dead: nothing that it would still do reaches anybody."""


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
        self.turned_away: set[int] = set()  # the moments of those that certainly did nothing, and may be sent again
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
        self._unread: Counter[str] = Counter()  # reads in a row that have failed
        self._misled: set[str] = set()  # environments whose last read showed an old state
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
        if trouble is None or trouble.kind == "stale":
            stale = self.server.stale(name) if trouble is not None and request.method == "GET" else None
            if stale is None:
                return await self._answer(name, request)
            held = self.server.held(name)  # the rules are about what really is there
            there = {"hostname": held[0], "id": held[1]} if held else None
            self._learn(moment, name, "GET", httpx.Response(200 if held else 404, json=there))
            self._misled.add(name)
            return stale
        # A delete that is acknowledged in the API's own form cannot be told from one that was done.
        acts = trouble.acts or (request.method == "DELETE" and trouble.kind == "shape")
        if trouble.kind == "409" and self.scenario.lag:
            acts = False  # one read tells our own conflict from another's, and that read must be up to date
        if trouble.kind in {"connect", "429", "429-soon"}:
            self.turned_away.add(moment)
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
        self._unread[name] += 1
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
            self._unread[name] = 0
            self._misled.discard(name)
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
            unknowable = self.scenario.ahead or (self._meddled and name in self._misled)
            assert seen is None or unknowable, "an environment never gets a second custom domain"
            emptied = {sent.environment for sent in self.sent if sent.method == "DELETE"}
            wanted = {step.hostname for step in steps if isinstance(step, Create)}
            given_up = {step.hostname for step in steps if isinstance(step, Delete) and name in emptied}
            assert hostname in wanted | given_up, "only a hostname of the plan is claimed"
            held = {
                other: view[0] for other, view in self._told.items() if view and view[1] not in self._deleted.values()
            }
            # What could not be undone in a wrong Environment may still keep its hostname from being put back.
            holders = {other for other in held if held[other] == hostname} - {self.scenario.mistaken}
            # One read may be an old one. Where it cannot be repeated, the API still refuses a hostname that is taken.
            holders -= {other for other in holders if self._unread[other] >= _CANNOT_BE_READ}
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


_CANNOT_BE_READ = 3  # reads in a row
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
