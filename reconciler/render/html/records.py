"""DNS records, lookups and probes as lists and values of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict, PublishState
from reconciler.model.domains import or_not_known
from reconciler.model.hostnames import display_hostname
from reconciler.model.probe import ProbeVerdict
from reconciler.render.html.page import Line, Listing, Tone, Value, listing
from reconciler.render.lookups import words
from reconciler.render.probes import verdict_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.dns import DnsNote, Publication
    from reconciler.model.probe import Probe
    from reconciler.model.report import Record

_LOOKUPS = {
    DnsVerdict.WRONG: Tone.BAD,
    DnsVerdict.MISSING: Tone.BAD,
    DnsVerdict.NOT_CHECKED: Tone.WARN,
    DnsVerdict.FLATTENED: Tone.WARN,
    DnsVerdict.OK: Tone.GOOD,
}
_PROBES = {
    ProbeVerdict.NOT_SERVING: Tone.BAD,
    ProbeVerdict.CERTIFICATE_WRONG: Tone.BAD,
    ProbeVerdict.CERTIFICATE_EXPIRING: Tone.WARN,
    ProbeVerdict.NOT_PROBED: Tone.WARN,
    ProbeVerdict.SERVING: Tone.GOOD,
}
_PUBLICATIONS = {
    PublishState.FAILED: Tone.BAD,
    PublishState.UNKNOWN: Tone.BAD,
    PublishState.REFUSED: Tone.BAD,
    PublishState.NOT_STARTED: Tone.WARN,
    PublishState.PLANNED: Tone.PLAIN,
    PublishState.DONE: Tone.GOOD,
}


def record_lines(records: Iterable[Record]) -> Iterator[Line]:
    """The CNAMEs as they are entered."""
    for item in records:
        yield Line((f"`{or_not_known(item.name)}`", f"CNAME `{or_not_known(item.value)}`", item.purpose))


def record_values(records: Iterable[Record]) -> Iterator[Value]:
    """Each record that is still to be published or to be corrected: what DNS has, and what it should have."""
    for item in records:
        if item.lookup is not None and item.lookup.verdict is DnsVerdict.OK:
            continue
        found = ", ".join(item.lookup.found) if item.lookup else ""
        note = f"DNS: {words(item.lookup.verdict)}" if item.lookup else item.purpose
        yield Value(f"{or_not_known(item.name)} CNAME", found or None, or_not_known(item.value), "in DNS", note)


def dns_listings(
    records: Iterable[Record], notes: Iterable[DnsNote], probes: Iterable[Probe]
) -> tuple[Listing, Listing, Listing]:
    """What DNS answered, worst first, the warnings, and what the probes showed."""
    order = list(_LOOKUPS)
    seen = [(item, item.lookup) for item in records if item.lookup is not None]
    seen.sort(key=lambda pair: order.index(pair[1].verdict))
    lookups = [
        Line(
            (
                f"`{or_not_known(record.name)}`",
                f"CNAME `{or_not_known(record.value)}`",
                " ".join(
                    part
                    for part in (f"found {', '.join(f'`{value}`' for value in lookup.found)}", lookup.note or "")
                    if part != "found "
                ),
                words(lookup.verdict),
            ),
            _LOOKUPS[lookup.verdict],
        )
        for record, lookup in seen
    ]
    results = [
        Line((probe.environment, f"`{display_hostname(probe.hostname)}`", probe.message, verdict_words(probe)), tone)
        for verdict, tone in _PROBES.items()
        for probe in probes
        if probe.verdict is verdict
    ]
    warnings = [Line((note.environment, note.message, note.kind), Tone.WARN) for note in notes]
    return (
        listing("DNS records", lookups, folded=True if all(item.tone is Tone.GOOD for item in lookups) else None),
        listing("DNS warnings", warnings),
        listing("Probes", results, folded=True if all(item.tone is Tone.GOOD for item in results) else None),
    )


def publication_listing(publications: Iterable[Publication]) -> Listing:
    """How publishing each record ended, worst first: before, after, and why not."""
    order = list(_PUBLICATIONS)
    lines = [
        Line(
            (
                f"`{item.name}`",
                f"`{item.before or 'none'}` → `{item.after or 'none'}`",
                item.error or "",
                item.state.replace("_", " "),
            ),
            _PUBLICATIONS[item.state],
        )
        for item in sorted(publications, key=lambda item: order.index(item.state))
    ]
    return listing("Published DNS records", lines)
