"""The two CNAMEs that each custom domain needs, exactly as the API returns them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.hostnames import compared_form
from reconciler.model.report import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.domains import Domain


def records(domains: Iterable[tuple[str, Domain]]) -> tuple[Record, ...]:
    """For each (environment, custom domain) the routing record and the validation record; both are needed (guide)."""
    return tuple(
        Record(name, domain.hostname, purpose, _compared(record), _compared(value))
        for name, domain in domains
        for purpose, record, value in (
            ("routing", domain.cname_record, domain.cname_value),
            ("validation", domain.dcv_cname_record, domain.dcv_cname_value),
        )
    )


def _compared(name: str | None) -> str | None:
    return None if name is None else compared_form(name)
