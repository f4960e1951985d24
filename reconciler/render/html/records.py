"""DNS records, lookups and probes as lists of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict
from reconciler.model.domains import or_not_known
from reconciler.model.hostnames import display_hostname
from reconciler.model.probe import ProbeVerdict
from reconciler.render.html.page import Line, Listing, Tone
from reconciler.render.lookups import words
from reconciler.render.probes import verdict_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.dns import DnsNote
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


def record_lines(records: Iterable[Record]) -> list[Line]:
    """The CNAMEs as they are entered."""
    return [
        Line((f"`{or_not_known(item.name)}`", "CNAME", f"`{or_not_known(item.value)}`", item.purpose))
        for item in records
    ]


def dns_listings(records: Sequence[Record], notes: Iterable[DnsNote], probes: Iterable[Probe]) -> tuple[Listing, ...]:
    """What DNS answered, worst first, the warnings, and what the probes showed."""
    seen = [(item, item.lookup) for item in records if item.lookup is not None]
    order = list(_LOOKUPS)
    seen.sort(key=lambda pair: order.index(pair[1].verdict))
    bad = any(lookup.verdict is not DnsVerdict.OK for _, lookup in seen)
    lookups = [
        Line(
            (
                f"`{or_not_known(record.name)}`",
                f"CNAME `{or_not_known(record.value)}`",
                f"found {', '.join(f'`{value}`' for value in lookup.found)}" if lookup.found else "",
                lookup.note or "",
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
    warnings = [Line((note.environment, note.message, note.kind.replace("_", " ")), Tone.WARN) for note in notes]
    return (
        Listing("DNS records", lookups, folded=not bad),
        Listing("DNS warnings", warnings, folded=False),
        Listing("Probes", results, folded=all(item.tone is Tone.GOOD for item in results)),
    )
