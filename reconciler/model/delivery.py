"""The hostname that deployments should use now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import plain_name
from reconciler.model.domains import Present

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.model.domains import Live
    from reconciler.model.probe import Probe

DEFAULT_HOST = "cdn.imgwire.dev"
"""Imgwire's own delivery hostname, which always works (guide, transformations)."""


def delivery_host(name: str, live: Live, probes: Collection[Probe] = (), mistaken: Collection[str] = ()) -> str:
    """The custom hostname where it is CONNECTED and ACTIVE, else Imgwire's own (guide: keep the default URL until then).

    A hostname whose probe failed does not count, nor one in the environments of `mistaken`, whose key opens another one.
    """
    if not isinstance(live, Present) or not live.domain.ready or name in mistaken:
        return DEFAULT_HOST
    proven = all(probe.serves for probe in probes if probe.environment == name)
    return live.domain.hostname if proven and plain_name(live.domain.hostname) else DEFAULT_HOST
