"""A custom domain as the API tells of it, and what may be known of an environment's live state."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.backend import BackendError


class Status(StrEnum):
    """Words of `status` (OpenAPI, CustomDomainStatus). The API may add others: they are kept as they came."""

    PENDING = "PENDING"
    CONNECTED = "CONNECTED"
    FAILED = "FAILED"


class CertificateStatus(StrEnum):
    """Words of `certificate_status` (OpenAPI, CustomDomainCertificateStatus). Others are kept as they came."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    FAILING = "FAILING"


@dataclass(frozen=True, slots=True)
class Domain:
    """One custom domain: the twelve properties of CustomDomainSchema (OpenAPI), `hostname` in its compared form."""

    id: str
    environment_id: str
    hostname: str
    cname_record: str
    cname_value: str
    dcv_cname_record: str
    dcv_cname_value: str
    certificate_status: str
    status: str
    last_verified_at: str | None
    created_at: str
    updated_at: str

    @property
    def connected(self) -> bool:
        """Traffic for the hostname is served now."""
        return self.status == Status.CONNECTED

    @property
    def ready(self) -> bool:
        """CONNECTED and ACTIVE: the only state in which Imgwire says to switch delivery over (guide, custom domains)."""
        return self.connected and self.certificate_status == CertificateStatus.ACTIVE

    @property
    def failing(self) -> bool:
        """The connection or the certificate is said to have failed."""
        return self.status == Status.FAILED or self.certificate_status == CertificateStatus.FAILING

    def as_dict(self) -> dict[str, str | None]:
        """The twelve fields under the API's own names, in the API's order."""
        return {name: getattr(self, name) for name in FIELDS}


FIELDS = tuple(field.name for field in fields(Domain))


@dataclass(frozen=True, slots=True)
class Present:
    """The environment has this custom domain."""

    domain: Domain


@dataclass(frozen=True, slots=True)
class Absent:
    """The API itself said that the environment has no custom domain."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is live could not be learned. Unknown is not absent."""

    error: BackendError


Known = Present | Absent
Live = Present | Absent | Unreadable


def domain_of(live: Live | None) -> Domain | None:
    """The custom domain that is known to be there."""
    return live.domain if isinstance(live, Present) else None
