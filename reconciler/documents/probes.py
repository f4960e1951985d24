"""Probes of hostnames, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.model.times import seconds_of, timestamp_of

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def probe_object(probe: Probe) -> Object:
    return {
        "environment": probe.environment,
        "hostname": probe.hostname,
        "verdict": probe.verdict.value,
        "message": probe.message,
        "address": probe.address,
        "protocol": probe.protocol,
        "http_status": probe.status,
        "certificate_expires_at": None if probe.expires is None else timestamp_of(probe.expires),
        "days_left": probe.days_left,
    }


def probe_of(item: Object) -> Probe:
    expires = item["certificate_expires_at"]
    return Probe(
        item["environment"],
        item["hostname"],
        ProbeVerdict(item["verdict"]),
        item["message"],
        item["address"],
        None if expires is None else seconds_of(expires),
        item["days_left"],
        item["protocol"],
        item["http_status"],
    )
