"""What `dns sync` and `apply --publish` publish."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.operations.stale import Stale


@dataclass(frozen=True, slots=True)
class PublishSettings:
    """`config` is the path of an octoDNS configuration. `zones` limits the run to these zones; empty means all. `ttl` is in
    seconds, of new records. `replace` has the names whose other records the CNAME may replace.

    `ahead` also publishes the routing record of hostnames that are desired and not live yet; `target` is its value where no
    live domain of the environment shows it. `stale`: the records of its domains that are gone are deleted.
    """

    config: str
    allow_zone_rewrite: bool = False
    zones: tuple[str, ...] = ()
    ttl: int = 300
    replace: tuple[str, ...] = ()
    ahead: bool = False
    target: str | None = None
    stale: Stale | None = None
