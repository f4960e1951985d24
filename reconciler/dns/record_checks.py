"""Which records may be published, and where. The API's answers are untrusted: a record outside the domain's own hostname
would overwrite the name of another service."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from reconciler.model.dns import is_at_or_below, plain_name
from reconciler.model.domains import NOT_KNOWN
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reconciler.dns.zone_snapshot import Snapshot
    from reconciler.model.report import Record

# By package or class. Providers whose client sends the whole zone: records that octoDNS cannot read are lost, TTLs merge.
_ZONE_REWRITERS = ("octodns_transip.",)
# Providers that write a zone without reading what is there (octodns-bind 1.1.0, octodns-etchosts 1.1.0).
_BLIND_WRITERS = ("octodns_etchosts.", "octodns_bind.ZoneFileProvider")


class Rejected(Exception):
    """A record that is not published, or a zone that is not written. `str()` is a message for users. `passing`: the zone
    has changed between two readings, so another attempt may succeed."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.REFUSED, *, passing: bool = False) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.passing = passing


class Intent(Enum):
    """What is to happen with a record."""

    PUBLISH = "publish"  # add it, or replace the CNAME that is there
    ADD = "add"  # only add it
    DELETE = "delete"  # delete it where it still has its value


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record of the hostname with both names known. `problem` is the reason why it is not published."""

    name: str
    value: str
    zone: str
    hostname: str
    intent: Intent = Intent.PUBLISH
    problem: Rejected | None = None


def candidates(
    records: Sequence[Record], ahead: Sequence[Record] = (), stale: Sequence[Record] = ()
) -> Iterator[Candidate]:
    """Every name once: to publish, to publish ahead of its domain, or to delete, in this order of precedence.

    Where the API's answer for one record is wrong, none of its environment is published or deleted. A record to delete comes
    from a baseline: where that is wrong, none of its environment is deleted, and the rest is published.
    """
    problems: dict[str, Rejected] = {}
    undeletable: set[str] = set()
    values: dict[str, str] = {}
    intents = [(item, Intent.PUBLISH) for item in records]
    intents += [(item, Intent.ADD) for item in ahead]
    intents += [(item, Intent.DELETE) for item in stale]
    for record, intent in intents:
        if record.name is None or record.value is None:
            continue
        first = record.value if intent is Intent.DELETE else values.setdefault(record.name, record.value)
        if problem := _problem(record.hostname, record.name, record.value, first):
            if intent is Intent.DELETE:
                undeletable.add(record.environment)
            else:
                problems.setdefault(record.environment, problem)
    seen: set[str] = set()
    for record, intent in intents:
        problem = problems.get(record.environment)
        name, value = record.name or record.hostname, record.value or NOT_KNOWN
        if not record.known:
            problem = problem or Rejected(
                f"the API has not given the {record.purpose} record of {record.hostname} yet: run dns sync again later"
            )
        if intent is Intent.DELETE and (problem is not None or record.environment in undeletable or name in seen):
            continue
        if problem is not None or name not in seen:
            seen.add(name)
            yield Candidate(name, value, record.zone or "", record.hostname, intent, problem)


def _problem(hostname: str, name: str, value: str, first: str) -> Rejected | None:
    line = f"{name} CNAME {value}"
    if not (plain_name(name) and plain_name(value)):
        return Rejected(f"the API returned {line}, which is not a record that can be published")
    if not is_at_or_below(name, hostname):
        return Rejected(
            f"the API returned {line} for {hostname}: {name} is not at or below {hostname}, so it is not published"
        )
    if value != first:
        return Rejected(f"the API returned two targets for {name}: {first} and {value}")
    return None


def check_provider(provider: Any, where: str) -> None:
    """Raises Rejected where the provider is known to send whole zones."""
    if _kind_among(_BLIND_WRITERS, provider):
        raise no_zone(provider, where)
    if kind := _kind_among(_ZONE_REWRITERS, provider):
        raise Rejected(
            f"{where}: {kind} rewrites the whole zone, which can lose records and TTLs: "
            "publish the records by hand, or accept the risk with --allow-zone-rewrite"
        )


def no_zone(provider: Any, where: str) -> Rejected:
    """Why the provider reads no zone."""
    if kind := _kind_among(_BLIND_WRITERS, provider):
        return Rejected(
            f"{where}: {kind} cannot be used: it writes a new zone without reading the present one. "
            "Add the records by hand: `reconciler dns show --format bind` prints the lines"
        )
    return Rejected(f"{where}: there is no such zone at the provider. Create it first")


def _kind_among(known: tuple[str, ...], provider: Any) -> str:
    """The name of the first class of the provider that is known by its package or class; empty where none is."""
    kinds = type(provider).__mro__
    return next((kind.__name__ for kind in kinds if f"{kind.__module__}.{kind.__qualname__}".startswith(known)), "")


def check_place(
    name: str, zone: str, before: Snapshot, where: str, replaceable: Collection[str] = ()
) -> tuple[str, ...]:
    """The other records at the name that must be removed, one line each. Raises Rejected where a CNAME is not possible there.

    `zone` ends with a dot, `name` does not. `replaceable` are the names whose other records may be replaced.
    """
    fqdn = f"{name}."
    if fqdn == zone:
        raise Rejected(f"{where}: {name} is the zone itself, and a CNAME cannot be there: choose a hostname below it")
    for parent in _ancestors(fqdn, zone):
        if (parent, "NS") in before:
            servers = before[parent, "NS"].partition(" ")[2]
            raise Rejected(
                f"{where}: {parent.removesuffix('.')} is delegated to {servers}: {name} belongs in that zone. "
                "Add the zone to the configuration, or publish the record at those servers"
            )
        if parent != fqdn and (parent, "DNAME") in before:
            raise Rejected(
                f"{where}: a DNAME at {parent.removesuffix('.')} redirects every name below it: remove it first"
            )
    others = sorted(kind for owner, kind in before if owner == fqdn and kind != "CNAME")
    if others and name not in replaceable:
        kind = others[0]
        article = "an" if kind[0] in "AHLMNSRFX" else "a"
        raise Rejected(
            f"{where}: {name} has {article} {kind} record, {before[fqdn, kind].partition(' ')[2]}, and a CNAME cannot coexist "
            f"with it: remove it, or replace it with `reconciler dns sync --replace {name}` once its domain is live"
        )
    return tuple(f"{kind} {before[fqdn, kind].partition(' ')[2]}" for kind in others)


def _ancestors(fqdn: str, zone: str) -> Iterator[str]:
    """The name itself and every name above it, below the zone."""
    while fqdn != zone and fqdn.endswith(f".{zone}"):
        yield fqdn
        fqdn = fqdn.partition(".")[2]
