"""A custom domain as the API returns it, and what is known of an environment's live state."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.errors import BackendError


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


# Shown where the API has not filled in a value.
NOT_KNOWN = "not known yet"


def or_not_known(value: str | None) -> str:
    """The value, or the words for one that the API has not given."""
    return NOT_KNOWN if value is None else value


@dataclass(frozen=True, slots=True)
class Domain:
    """One custom domain: the twelve properties of CustomDomainSchema (OpenAPI), `hostname` in its compared form.

    None is a value that the API has not given (yet): null, empty or missing in its answer.
    """

    id: str
    environment_id: str
    hostname: str
    cname_record: str | None
    cname_value: str | None
    dcv_cname_record: str | None
    dcv_cname_value: str | None
    certificate_status: str | None
    status: str | None
    last_verified_at: str | None
    created_at: str | None
    updated_at: str | None

    def is_older_than(self, other: Domain) -> bool:
        """It was in the same Environment before the other one, as far as the API gives their times. An Environment has one custom
        domain at a time, so a read that shows the older one now is out of date."""
        if self.environment_id != other.environment_id or self.created_at is None or other.created_at is None:
            return False
        try:
            return datetime.fromisoformat(self.created_at) < datetime.fromisoformat(other.created_at)
        except (ValueError, TypeError):  # no RFC 3339, or only one of them with an offset
            return False

    @property
    def connected(self) -> bool:
        """Traffic for the hostname is served now."""
        return self.status == Status.CONNECTED

    @property
    def may_serve(self) -> bool:
        """Deleting the domain may interrupt traffic: it is CONNECTED, or its status is unknown."""
        return self.status not in {Status.PENDING, Status.FAILED}

    @property
    def ready(self) -> bool:
        """CONNECTED and ACTIVE: the state that the guide requires before delivery is switched over (custom domains)."""
        return self.connected and self.certificate_status == CertificateStatus.ACTIVE

    @property
    def failing(self) -> bool:
        """The connection or the certificate has failed."""
        return self.status == Status.FAILED or self.certificate_status == CertificateStatus.FAILING

    @property
    def health(self) -> str:
        """Both statuses, as part of a sentence."""
        return f"status {or_not_known(self.status)}, certificate {or_not_known(self.certificate_status)}"

    @property
    def short_health(self) -> str:
        """Both statuses, for the cell of a table."""
        return f"{or_not_known(self.status)} / {or_not_known(self.certificate_status)}"

    def as_dict(self) -> dict[str, str | None]:
        """The twelve fields under the API's own names, in the API's order."""
        return {name: getattr(self, name) for name in FIELDS}

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Domain:
        """The inverse of `as_dict`. Fields that are not known are ignored. Raises KeyError."""
        return cls(**{name: record[name] for name in FIELDS})


FIELDS = tuple(field.name for field in fields(Domain))
REQUIRED_FIELDS = frozenset({"id", "environment_id", "hostname"})


@dataclass(frozen=True, slots=True)
class Present:
    """The environment has this custom domain."""

    domain: Domain


@dataclass(frozen=True, slots=True)
class Absent:
    """The API itself reports that the environment has no custom domain."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What is live could not be learned. Unknown is not absent."""

    error: BackendError


Known = Present | Absent
Live = Present | Absent | Unreadable


def domain_of(live: Live | None) -> Domain | None:
    """The custom domain that is known to be there."""
    return live.domain if isinstance(live, Present) else None
