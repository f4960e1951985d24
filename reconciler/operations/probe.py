"""Probes of ready hostnames, for `verify` and `drift`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reconciler.api.tls import trusted
from reconciler.model.domains import Present
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.operations.lookup import open_lookup, require_dnspython

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.domains import Live
    from reconciler.operations.context import Context
    from reconciler.operations.dns_servers import Dns
    from reconciler.operations.workspace import Workspace


async def probe_ready(
    workspace: Workspace,
    context: Context,
    live: Mapping[str, Live],
    desired: Mapping[str, str],
    dns: Dns,
    min_days: int,
) -> tuple[Probe, ...]:
    """A probe of each environment whose desired hostname is ready. Warns of certificates that expire within `min_days`.

    Raises Stopped without dnspython, NotSent where the certificates that a variable names cannot be used.
    """
    require_dnspython("a probe")
    from reconciler.dns.probe import ProbeSettings, probe_all

    ready = [
        (name, state.domain.hostname)
        for name, state in live.items()
        if isinstance(state, Present) and state.domain.ready and state.domain.hostname == desired.get(name)
    ]
    tls = partial(trusted, workspace.environ)
    settings = ProbeSettings(min_days=min_days, parallelism=context.parallelism, tls=tls)
    probes = await probe_all(ready, open_lookup(context, dns), settings)
    for probe in probes:
        if probe.verdict is ProbeVerdict.CERTIFICATE_EXPIRING:
            context.observer.on_notice("warning", f"{probe.environment}: {probe.hostname}: {probe.message}")
    return probes
