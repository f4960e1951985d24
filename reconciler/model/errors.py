"""Errors of the API, named by what the caller then knows.

* BackendError
  - NotSent         no connection: the call certainly did not happen
  - NoAnswer        sent, then silence: the call may have happened
  - Throttled       429: did not happen, retry later
  - ServerFault     5xx: the call may have happened
  - Unexpected      an answer that is not from the API: another shape, HTML, a redirect, a bare 404
  - KeyUnusable     no key to send: missing, or of the wrong kind
  - TooFewFiles     the process may not open another connection
  - NotInBaseline   nothing was sent: the plan is offline, and its baseline does not know the environment
  + Refused         4xx with the API's own text: did not happen, and a retry cannot help
    - Unauthorized  the key or its rights are not accepted (401, 403)
    - PaymentRequired  the plan lacks the feature (402)
    - NotFound      the API itself reports no such custom domain
    - Conflict      the hostname, or the place for one, is taken
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class BackendError(Exception):
    """A call that failed.

    `str()` is one line for people: the call, the status and the API's own text, with `[key]` in place of any key. `hint` is
    what to do next: that of the class, unless a more specific one is given.
    """

    kind: ClassVar[str] = "error"
    hint: str | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        error_type: str | None = None,
        retry_after: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or type(self).hint
        self.status = status
        self.error_type = error_type
        self.retry_after = retry_after  # seconds

    def hint_beside(self, *, others_answered: bool) -> str | None:
        """What to do next. A server that answered other calls of the run needs no other URL."""
        return type(self).hint if others_answered and self.kind == "no_answer" else self.hint

    def restate(self, message: str) -> None:
        """Replace the message."""
        self.message = message
        self.args = (message,)


class NotSent(BackendError):
    kind = "not_sent"
    hint = "check the network, the proxy settings and --api-url, then run the command again"


class NoAnswer(BackendError):
    kind = "no_answer"
    hint = "run the command again; a longer --timeout helps with a slow network"


class Throttled(BackendError):
    kind = "throttled"
    hint = "wait, then run the command again with a lower --parallelism"


class ServerFault(BackendError):
    kind = "server_fault"
    hint = "the API has a problem: run the command again later"


class Unexpected(BackendError):
    kind = "unexpected"
    hint = "check --api-url, IMGWIRE_API_BASE_URL and api.base_url: this does not look like the Imgwire API"


class KeyUnusable(BackendError):
    kind = "key_unusable"
    hint = "set the key, or try the manifest without keys: add --emulator"

    def hint_beside(self, *, others_answered: bool) -> str | None:
        """For a missing key none beside others: its diagnostic has one, and what is live is no trial."""
        return None if others_answered and self.hint == type(self).hint else self.hint


class TooFewFiles(NotSent):
    kind = "too_few_files"
    hint = "use a lower --parallelism, or raise the limit of open files with `ulimit -n`"


class NotInBaseline(BackendError):
    kind = "not_in_baseline"


class Refused(BackendError):
    kind = "refused"


class Unauthorized(Refused):
    kind = "unauthorized"
    hint = "check that the key is a Server API Key of this Environment and is not revoked"


class PaymentRequired(Refused):
    kind = "payment_required"
    hint = (
        "check Billing in the Imgwire dashboard: the plan of the organization must be active and include custom domains"
    )


class NotFound(Refused):
    kind = "not_found"


class Conflict(Refused):
    kind = "conflict"
    hint = "read the reason of the API above, then run the command again"
    create_hint = (
        "another Environment may have this hostname: add that Environment to the manifest, or delete the hostname there"
        " if nothing uses it"
    )


KINDS: Mapping[str, type[BackendError]] = {
    error.kind: error
    for error in (
        NotSent,
        NoAnswer,
        Throttled,
        ServerFault,
        Unexpected,
        KeyUnusable,
        TooFewFiles,
        NotInBaseline,
        Refused,
        Unauthorized,
        PaymentRequired,
        NotFound,
        Conflict,
    )
}
"""The errors above by their `kind`, as documents name them."""
