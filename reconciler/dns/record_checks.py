"""Which records may be published, and where. The API's answers are untrusted: a record outside the domain's own hostname
would overwrite somebody else's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.model.dns import plain_name
from reconciler.model.domains import NOT_KNOWN
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.dns.zone_snapshot import Snapshot
    from reconciler.model.report import Record

# Providers whose client sends the whole zone, by package or class: records that octoDNS cannot read are lost, TTLs merge.
_ZONE_REWRITERS = ("octodns_transip.", "octodns_etchosts.", "octodns_bind.ZoneFileProvider")


class Rejected(Exception):
    """A record that is not published, or a zone that is not written. `str()` is a message for users."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.REFUSED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record to publish, with both names known. `problem` says why it is not published."""

    name: str
    value: str
    zone: str
    problem: Rejected | None = None


def candidates(records: Sequence[Record]) -> Iterator[Candidate]:
    """Every record once. Where the API's answer for one is wrong, none of its environment is published."""
    problems: dict[str, Rejected] = {}
    values: dict[str, str] = {}
    for record in records:
        if record.name is None or record.value is None:
            continue
        first = values.setdefault(record.name, record.value)
        if problem := _problem(record.hostname, record.name, record.value, first):
            problems.setdefault(record.environment, problem)
    seen: set[str] = set()
    for record in records:
        problem = problems.get(record.environment)
        name, value = record.name or record.hostname, record.value or NOT_KNOWN
        if not record.known:
            problem = problem or Rejected(
                f"the API has not given the {record.purpose} record of {record.hostname} yet: run dns sync again later"
            )
        if problem is not None or name not in seen:
            seen.add(name)
            yield Candidate(name, value, record.zone or "", problem)


def _problem(hostname: str, name: str, value: str, first: str) -> Rejected | None:
    line = f"{name} CNAME {value}"
    if not (plain_name(name) and plain_name(value)):
        return Rejected(f"the API returned {line}, which is not a record that can be published")
    if name != hostname and not name.endswith(f".{hostname}"):
        return Rejected(
            f"the API returned {line} for {hostname}: {name} is not at or below {hostname}, so it is not published"
        )
    if value != first:
        return Rejected(f"the API returned two targets for {name}: {first} and {value}")
    return None


def check_provider(provider: Any, where: str) -> None:
    """Raises Rejected where the provider is known to send whole zones."""
    for kind in type(provider).__mro__:
        if f"{kind.__module__}.{kind.__qualname__}".startswith(_ZONE_REWRITERS):
            raise Rejected(
                f"{where}: {kind.__name__} rewrites the whole zone, which can lose records and TTLs: "
                "publish the records by hand, or accept the risk with --allow-zone-rewrite"
            )


def check_place(name: str, zone: str, before: Snapshot, where: str) -> None:
    """Raises Rejected where a CNAME at the name is not possible. `zone` ends with a dot, `name` does not."""
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
    for owner, kind in sorted(before):
        if owner == fqdn and kind != "CNAME":
            article = "an" if kind[0] in "AHLMNSRFX" else "a"
            raise Rejected(
                f"{where}: {name}: {article} {kind} record exists; a CNAME cannot coexist with it: remove it first. "
                f"Its value is {before[owner, kind].partition(' ')[2]}"
            )


def _ancestors(fqdn: str, zone: str) -> Iterator[str]:
    """The name itself and every name above it, below the zone."""
    while fqdn != zone and fqdn.endswith(f".{zone}"):
        yield fqdn
        fqdn = fqdn.partition(".")[2]


def other_changes(planned: Iterable[tuple[str, str, str | None]], wanted: Iterable[tuple[str, str]]) -> list[str]:
    """The planned (name, type, value) that are not among the wanted (name, value) of CNAMEs, as text."""
    expected = {(f"{name}.", "CNAME", f"{value}.") for name, value in wanted}
    return sorted(f"{name} {kind}" for name, kind, value in planned if (name, kind, value) not in expected)
