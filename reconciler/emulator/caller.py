"""The sender of a request, as its headers name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Digest and label of the key, id and name of the Environment; None where the headers do not name them."""

    digest: str | None = None
    label: str | None = None
    environment_id: str | None = None
    environment: str | None = None
