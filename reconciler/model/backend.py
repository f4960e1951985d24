"""The port through which the engine reads and writes, and the errors named by what the caller then knows.

* BackendError
  - NotSent         no connection: the call certainly did not happen
  - NoAnswer        sent, then silence: the call may have happened
  - Throttled       429: did not happen, ask again later
  - ServerFault     5xx: the call may have happened
  - Unexpected      an answer that is not the API's own: another shape, HTML, a redirect, a bare 404
  - KeyUnusable     no key to ask with: missing, or of the wrong kind
  + Refused         4xx in the API's own words: did not happen, and asking again cannot help
    - Unauthorized  the key or its rights are not accepted (401, 403)
    - PaymentRequired  the plan lacks the feature (402)
    - NotFound      the API itself said there is no such custom domain
    - Conflict      the hostname, or the place for one, is taken
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol, TypeVar

from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from reconciler.model.domains import Domain, Known


class BackendError(Exception):
    """A call that did not give what was asked.

    `str()` is one line fit for people: the call, the status and the API's own words, never a header or an unknown body.
    """

    kind: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.ERROR
    hint: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        error_type: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.error_type = error_type
        self.retry_after = retry_after  # seconds


class NotSent(BackendError):
    kind = "not_sent"
    exit_code = ExitCode.UNREACHABLE
    hint = "check the network, the proxy settings and --api-url, then run the command again"


class NoAnswer(BackendError):
    kind = "no_answer"
    exit_code = ExitCode.UNREACHABLE
    hint = "run the command again; a longer --timeout helps with a slow network"


class Throttled(BackendError):
    kind = "throttled"
    exit_code = ExitCode.UNREACHABLE
    hint = "wait, then run the command again with a lower --parallelism"


class ServerFault(BackendError):
    kind = "server_fault"
    exit_code = ExitCode.UNREACHABLE
    hint = "the service has a problem of its own: run the command again later"


class Unexpected(BackendError):
    kind = "unexpected"
    exit_code = ExitCode.UNREACHABLE
    hint = "check --api-url, IMGWIRE_API_BASE_URL and api.base_url: this does not look like the Imgwire API"


class KeyUnusable(BackendError):
    kind = "key_unusable"
    exit_code = ExitCode.CREDENTIALS


class Refused(BackendError):
    kind = "refused"


class Unauthorized(Refused):
    kind = "unauthorized"
    exit_code = ExitCode.CREDENTIALS
    hint = "check that the key is a Server API Key of this very Environment and has not been revoked"


class PaymentRequired(Refused):
    kind = "payment_required"
    exit_code = ExitCode.CREDENTIALS
    hint = "the organization's plan must include custom domains and be active: see Billing in the Imgwire dashboard"


class NotFound(Refused):
    kind = "not_found"


class Conflict(Refused):
    kind = "conflict"
    hint = "another Environment may hold this hostname: remove it there first, or list that Environment in the manifest too"


class Reader(Protocol):
    """One connection, used by one worker at a time. `environment` is a name of the manifest. Any call may raise BackendError."""

    async def read(self, environment: str) -> Known:
        """What is live now. Reads are repeated as the retry policy says; writes never are."""
        ...


class Tester(Reader, Protocol):
    async def test_connection(self, environment: str) -> Domain:
        """Ask Imgwire to check DNS and certificate again. NotFound when there is no custom domain."""
        ...


class Writer(Tester, Protocol):
    async def create(self, environment: str, hostname: str) -> Domain:
        """Create the environment's custom domain."""
        ...

    async def delete(self, environment: str) -> None:
        """Delete the environment's custom domain. NotFound when there is none."""
        ...


Connection_co = TypeVar("Connection_co", covariant=True)


class Backend(Protocol[Connection_co]):
    """Opens connections; a worker opens one and keeps it."""

    def open(self) -> AbstractAsyncContextManager[Connection_co]: ...
