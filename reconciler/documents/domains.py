"""What is live in an environment, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.documents.errors import backend_error_of, error_object
from reconciler.model.domains import Absent, Domain, Known, Live, Present, Unreadable, domain_of

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def live_object(live: Live) -> Object:
    """The custom domain, and why it could not be read."""
    domain = domain_of(live)
    return {
        "live": domain.as_dict() if domain else None,
        "error": error_object(live.error) if isinstance(live, Unreadable) else None,
    }


def live_of(item: Object) -> Live:
    return known_of(item) if item["error"] is None else Unreadable(backend_error_of(item["error"]))


def known_of(item: Object) -> Known:
    """The same of an environment that could be read."""
    return Absent() if item["live"] is None else Present(Domain.from_dict(item["live"]))
