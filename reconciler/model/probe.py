"""Proof that a hostname serves: one TLS connection to it, and what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ProbeVerdict(StrEnum):
    """What one connection to a hostname showed. `not_probed`: DNS did not answer, which means nothing for the hostname."""

    SERVING = "serving"
    CERTIFICATE_EXPIRING = "certificate_expiring"
    CERTIFICATE_WRONG = "certificate_wrong"
    NOT_SERVING = "not_serving"
    NOT_PROBED = "not_probed"


@dataclass(frozen=True, slots=True)
class Probe:
    """The verdict on one hostname and its reason.

    `address` is the one that was connected to. `expires` is the end of the certificate in seconds since the epoch, `days_left`
    until then, whole days. `protocol` is such as `TLSv1.3`; `status` is the HTTP status of `/`. None where it was not seen.
    """

    environment: str
    hostname: str
    verdict: ProbeVerdict
    message: str
    address: str | None = None
    expires: int | None = None
    days_left: int | None = None
    protocol: str | None = None
    status: int | None = None

    @property
    def serves(self) -> bool:
        """Clients can use the hostname."""
        return self.verdict in {ProbeVerdict.SERVING, ProbeVerdict.CERTIFICATE_EXPIRING}

    @property
    def failed(self) -> bool:
        """The hostname does not serve, or with a certificate that clients refuse."""
        return self.verdict in {ProbeVerdict.NOT_SERVING, ProbeVerdict.CERTIFICATE_WRONG}
