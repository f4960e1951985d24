"""What follows each create or restore of an apply: its records are published, and DNS is looked up before the API is asked to
check."""

from __future__ import annotations

import asyncio
import math
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.model.dns import IMGWIRE_SUFFIX, Publication, PublishState, is_usual_target
from reconciler.model.exit_codes import ExitCode
from reconciler.model.report import StepError
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reconciler.dns.lookup import Lookup
    from reconciler.dns.publishing import Prepared, Published, Publisher
    from reconciler.engine.stop import Stop
    from reconciler.model.dns import ZoneChange
    from reconciler.model.domains import Domain
    from reconciler.model.observer import Observer
    from reconciler.model.report import Record

_LOOKUP_DELAYS = (0.0, 1.0, 2.0, 4.0)  # seconds before each lookup, until the zone's servers have what was published
_USUAL_BATCH = 32  # environments


class AfterCreate:
    """Called by the engine for each custom domain that was created. Keeps what was published.

    `shown` is what was at the names before the approval: only that, and CNAMEs to Imgwire, are replaced. After a requested
    `stop` records are still published, and no longer looked up. A provider has `time_limit` seconds for
    each edit. After one that it did not end in time nothing more is published.
    """

    def __init__(
        self,
        observer: Observer,
        stop: Stop,
        lookup: Lookup | None,
        publisher: Publisher | None = None,
        shown: Iterable[Publication] = (),
        time_limit: float = math.inf,
    ) -> None:
        self._time_limit = time_limit
        self._hangs = False
        self._places = {item.place for item in shown}
        self._observer = observer
        self._stop = stop
        self._lookup = lookup
        self._publisher = publisher
        self._waiting: list[Record] = []
        self._lock = asyncio.Lock()
        self._ended: list[Publication] = []
        self._left_out: list[Publication] = []
        self.other_changes: tuple[ZoneChange, ...] = ()

    @property
    def publishing(self) -> bool:
        """Records are published, not only looked up."""
        return self._publisher is not None

    @property
    def publications(self) -> tuple[Publication, ...]:
        """Of every record that was to be published so far, also where the run ended before."""
        return (
            *self._left_out,
            *self._ended,
            *(_without_zone(record, PublishState.NOT_STARTED) for record in self._waiting),
        )

    @property
    def unpublished(self) -> bool:
        """A record could not be published."""
        return any(item.state is not PublishState.DONE for item in self._ended)

    async def __call__(self, environment: str, domain: Domain) -> StepError | None:
        """Publish the records of the domain; then return an error if DNS lacks them, because a check would come too early."""
        needed = records([(environment, domain)])
        if self._publisher is not None:
            await self._publish(needed, self._publisher)
        return await self._not_ready(needed, published=self.publishing)

    async def resume(self, needed: tuple[Record, ...], approved: Iterable[Publication]) -> None:
        """Publish what an earlier run has not: records of domains that it has created, as they were approved."""
        if self._publisher is not None and needed:
            publisher, places = self._publisher, {item.place for item in approved}

            def refuse(item: Publication) -> str | None:
                return None if item.place in places else _changed_since_shown(item)

            await self._send(needed, lambda: publisher.publish(needed, refuse))
            await self._not_ready(needed, published=True)

    def leave_out(self, unapproved: Iterable[Publication]) -> None:
        """Count these as refused: DNS lacks them, and the approved plan does not have them."""
        error = "not approved: the plan of this run does not create this domain. Run `reconciler dns sync`"
        for item in unapproved:
            self._left_out.append(replace(item, state=PublishState.REFUSED, error=error, exit_code=ExitCode.REFUSED))
            self._observer.on_notice("error", f"{item.target}: {item.name}: {error}")

    async def restored(self, environment: str, old: Domain, domain: Domain) -> None:
        """Publish the records of a restored hostname in place of those of the deleted domain, where the zone still has them.

        These records are not shown before approval, so anything else that the zone has at their names is kept.
        """
        if self._publisher is None:
            return
        publisher = self._publisher
        before = {record.name: record.value for record in records([(environment, old)])}
        needed = records([(environment, domain)])
        changed = tuple(record for record in needed if before.get(record.name) != record.value)
        if not changed:
            return
        async with self._lock:
            try:
                prepared: Prepared = await self._in_time(changed, lambda: publisher.prepare_settled(changed))
            except Exception as error:  # noqa: BLE001 - see _count_unknown
                self._count_unknown(changed, error)
                return
        stale = [
            item for item in prepared.publications if item.before is not None and item.before == before.get(item.name)
        ]
        self._places |= {item.place for item in stale}
        # What could not be read may be stale too, and is reported as what it is: not published.
        names = {item.name for item in (*stale, *(item for item in prepared.publications if item.passing))}
        replaced = tuple(record for record in changed if record.name in names or not record.known)
        if replaced:
            await self._publish(replaced, publisher)
            await self._not_ready(replaced, published=True)

    async def _publish(self, needed: tuple[Record, ...], publisher: Publisher) -> None:
        """One edit at a time. Records that arrive meanwhile go together into the next one."""
        self._waiting += needed
        async with self._lock:
            batch, self._waiting = tuple(self._waiting), []
            if batch:
                await self._send(batch, lambda: publisher.publish(batch, self._refuse))

    def _refuse(self, item: Publication) -> str | None:
        ours = item.before is None or item.before.lower().endswith(IMGWIRE_SUFFIX)
        if not ours and item.place not in self._places:
            return _changed_since_shown(item)
        return refuse_unusual(item)

    async def _send(self, batch: tuple[Record, ...], work: Callable[[], Published]) -> None:
        try:
            published: Published = await self._in_time(batch, work)
        except asyncio.CancelledError:
            self._ended += (_without_zone(record, PublishState.UNKNOWN) for record in batch)
            raise
        except Exception as error:  # noqa: BLE001 - see _count_unknown
            self._count_unknown(batch, error)
            return
        self._ended += published.publications
        self.other_changes += published.changes
        for item in published.publications:
            if item.state is not PublishState.DONE:
                self._observer.on_notice(
                    "error", f"{item.target or 'publishing'}: {item.name}: {item.error or 'not started'}"
                )
        for change in published.changes:
            self._observer.on_notice("error", changed_meanwhile(change))

    async def _in_time(self, batch: Sequence[Record], work: Callable[[], Any]) -> Any:
        """Raises TimeoutError. What the provider was doing may go on."""
        if self._hangs:
            raise TimeoutError
        async with asyncio.timeout(self._limit_of(batch)):
            return await _in_thread(work)

    def _limit_of(self, batch: Sequence[Record]) -> float:
        """More for a batch that is larger than those of a run's workers."""
        return self._time_limit * math.ceil(len({record.environment for record in batch}) / _USUAL_BATCH)

    def _count_unknown(self, batch: Sequence[Record], error: Exception) -> None:
        """A bug counts like a provider that does not answer: other lanes may be between a delete and its create."""
        state, unknown = PublishState.UNKNOWN, "the record may be written or not"
        if not isinstance(error, TimeoutError):
            why = f"internal error: {type(error).__name__}: {unknown}"
        elif self._hangs:
            state, why = PublishState.NOT_STARTED, "not started: the provider did not answer before"
        else:
            self._hangs, why = True, f"the provider did not answer within {self._limit_of(batch):g} s: {unknown}"
        for record in batch:
            self._ended.append(replace(_without_zone(record, state), error=why))
            self._observer.on_notice("error", f"publishing: {record.name}: {why}")

    async def _not_ready(self, needed: tuple[Record, ...], *, published: bool) -> StepError | None:
        """A check before the records are visible makes the checker's resolver remember that they are missing."""
        bad: list[Record] = []
        for delay in _LOOKUP_DELAYS if published else _LOOKUP_DELAYS[:1]:
            await asyncio.sleep(delay)
            if self._lookup is None or self._stop.requested is not None:
                return None
            looked_up = await self._lookup.look_up(needed)
            bad = [record for record in looked_up if record.lookup is not None and record.lookup.bad]
            if not bad:
                return None
        names = " and ".join(str(record.name) for record in bad)
        return StepError(
            "dns_not_ready",
            f"not checked after the create: DNS lacked {names}",
            hint="publish the records, then run `reconciler verify`",
        )


def refuse_unusual(item: Publication) -> str | None:
    """Why a record is not published before anybody has seen its target."""
    if item.after is None or is_usual_target(item.name, item.after):
        return None
    return f"{item.after} is not below imgwire.dev: check it, then run dns sync"


def _changed_since_shown(item: Publication) -> str:
    now = f"it is a CNAME to {item.before} now" if item.before else "nothing is there now"
    return f"{item.name} was not shown so before the approval: {now}"


def changed_meanwhile(change: ZoneChange) -> str:
    """What is logged of another record that changed."""
    return f"{change.target}: another record changed while publishing: {change}"


def _without_zone(record: Record, state: PublishState) -> Publication:
    """A record whose zone had not been found when the run ended."""
    return Publication("", "", str(record.name), None, record.value, state, "interrupted", ExitCode.PARTIAL)


async def _in_thread(work: Callable[[], Any]) -> Any:
    """Run what blocks while the loop goes on: a delete in flight needs its create. The thread ends with the process."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def run() -> None:
        try:
            result, error = work(), None
        except Exception as raised:  # noqa: BLE001 - it is raised again where the result is awaited
            result, error = None, raised
        except BaseException as raised:  # noqa: BLE001 - signals raise nothing in threads, so it is the provider's
            result, error = None, RuntimeError(type(raised).__name__)
        with suppress(RuntimeError):  # the loop is closed: the run has ended without this
            loop.call_soon_threadsafe(_settle, future, result, error)

    threading.Thread(target=run, name="publish", daemon=True).start()
    return await future


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if not future.done():
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
