"""What an error of a DNS provider's client means. Each client raises its own kinds, so the evidence is collected from them."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from typing import TYPE_CHECKING

from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNAUTHORIZED_NAME = re.compile(
    r"unauthori[sz]ed|forbidden|authenticat|accessdenied|permissiondenied|credential|invalidtoken|tsig|badkey|badsig",
    re.IGNORECASE,
)
# DNS response codes in capitals, as dnspython writes them (RFC 2136, RFC 8945); other words in any case.
_UNAUTHORIZED_TEXT = re.compile(
    r"\b(REFUSED|NOTAUTH|BADKEY|BADSIG|BADTIME)\b|\bTSIG\b|(?i:\b(unauthori[sz]ed|forbidden|access denied|permission denied"
    r"|invalid (api )?(key|token|credentials?)|authentication (error|failed))\b)"
)
_SILENCES = ("timeout", "timedout", "connectionerror", "connecterror", "unreachable", "serviceunavailable")
_MAX_CAUSES = 10


def exit_code_of(error: BaseException, default: ExitCode) -> ExitCode:
    """CREDENTIALS where the provider refused the key, UNREACHABLE where it did not answer or failed, else `default`."""
    for cause in _causes(error):
        status = _status(cause)
        if status in {401, 403} or _UNAUTHORIZED_NAME.search(type(cause).__name__):
            return ExitCode.CREDENTIALS
        if status is not None and (status >= 500 or status in {408, 429}):
            return ExitCode.UNREACHABLE
        if _UNAUTHORIZED_TEXT.search(str(cause)):
            return ExitCode.CREDENTIALS
        if _is_silence(cause):
            return ExitCode.UNREACHABLE
    return default


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _status(error: BaseException) -> int | None:
    """The HTTP status of the error, as requests, httpx, botocore, Google and TransIP clients do."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # botocore
        metadata = response.get("ResponseMetadata")
        response = None
        if isinstance(metadata, dict) and isinstance(metadata.get("HTTPStatusCode"), int):
            return int(metadata["HTTPStatusCode"])
    for holder, name in ((response, "status_code"), (error, "status_code"), (error, "response_code"), (error, "code")):
        status = getattr(holder, name, None)
        if isinstance(status, int) and 100 <= status < 600:
            return status
    return None


def _is_silence(error: BaseException) -> bool:
    """No connection, no answer, or no address for the server's name."""
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror | ssl.SSLError):
        return True
    if isinstance(error, OSError) and error.errno in {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN}:
        return True
    name = type(error).__name__.lower()
    return any(word in name for word in _SILENCES) or "timed out" in str(error).lower()
