"""What a failure of httpx means for a request: whether it was sent, why it failed, and what to do."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from typing import TYPE_CHECKING

import httpx

from reconciler.api import tls
from reconciler.api.one_line import one_line
from reconciler.model.errors import BackendError, NoAnswer, NotSent, TooFewFiles, Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.api.peer import Peer

NOT_SENDABLE = "could not be sent: the URL or the key contains a character that HTTP does not allow"

_ERRNO = re.compile(r"\[Errno (\d+)\]")
_STATUS = re.compile(r"\d{3}(?= |$)")


def named(failure: Exception, peer: Peer) -> BackendError:
    """NotSent only where no request left, by the kind of the failure; everything else is NoAnswer."""
    causes = list(_causes(failure))
    if any(isinstance(cause, OSError) and cause.errno == errno.EMFILE for cause in causes):
        return TooFewFiles("could not connect: too many open files")
    match failure:
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return NotSent(f"could not connect to {peer}: timed out")
        case httpx.ConnectError():
            reason, hint = _not_connected(failure, causes)
            return NotSent(f"could not connect to {peer}: {reason}", hint=hint)
        case httpx.ProxyError():
            return _by_proxy(str(failure), peer)
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return NotSent(NOT_SENDABLE)
        case httpx.TimeoutException() | TimeoutError():
            return NoAnswer("no answer: timed out")
        case httpx.RemoteProtocolError():
            return _not_http(str(failure), peer)
    if peer.proxy is not None and type(failure).__module__.startswith("socksio"):
        return NotSent(f"could not connect: the proxy {peer.proxy} does not answer in SOCKS 5", hint=_check(peer))
    return NoAnswer(f"no answer: {_words(failure, causes)}")


def _causes(failure: BaseException | None) -> Iterator[BaseException]:
    """The failure and its causes; anyio puts the attempts for several addresses into a group."""
    while failure is not None:
        yield failure
        if isinstance(failure, BaseExceptionGroup):
            for inner in failure.exceptions:
                yield from _causes(inner)
        failure = failure.__cause__ or failure.__context__


def _not_connected(failure: Exception, causes: Sequence[BaseException]) -> tuple[str, str | None]:
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            return tls.failure(cause)
        if isinstance(cause, ConnectionAbortedError) and not cause.errno:  # of reconciler.api.network
            return str(cause), None
    return _words(failure, causes), None


def _by_proxy(problem: str, peer: Peer) -> NotSent:
    """The proxy refused to open the way. httpx raises these texts of httpcore before any request is sent."""
    variable = peer.proxy.variable if peer.proxy else "HTTPS_PROXY"
    scheme = "socks5" if peer.proxy and peer.proxy.scheme.startswith("socks") else "http"
    if problem.startswith("407") or "NO AUTHENTICATION REQUIRED" in problem:
        what = f"requires a login{' (407)' if problem.startswith('407') else ''}"
        hint = f"put user and password into {variable}: {scheme}://USER:PASSWORD@HOST:PORT"
    elif "Invalid username/password" in problem:
        what, hint = "does not accept user and password", f"check {variable}"
    else:
        status = _STATUS.match(problem)  # the words after it are the proxy's own, and may repeat the password
        what = f"answered with status {status[0]}" if status else f"answered {one_line(problem)}"
        hint = f"check that the proxy may reach {peer.host}:{peer.port}, or add {peer.host} to NO_PROXY"
    return NotSent(f"could not connect: the proxy {peer.proxy} {what}", hint=hint)


def _not_http(problem: str, peer: Peer) -> BackendError:
    plain = peer.origin.startswith("http://")
    # h11 reports this for a first byte that is a control character, as every TLS record has (RFC 8446, 5.1).
    if plain and problem == "illegal request line":
        hint = "use a URL that starts with https:// instead of http://"
        return Unexpected(f"the server at {peer} expects TLS", hint=hint)
    if "disconnected" in problem:
        hint = "if the server expects TLS, use a URL that starts with https://" if plain else ""
        return NoAnswer("no answer: the server closed the connection", hint=hint or None)
    hint = _check(peer) if peer.proxy else ""
    return NoAnswer(f"no answer: not valid HTTP: {problem}", hint=hint or None)


def _check(peer: Peer) -> str:
    return f"check {peer.proxy.variable}" if peer.proxy else ""


def _words(failure: Exception, causes: Sequence[BaseException]) -> str:
    """The reason that the operating system gives, or OpenSSL."""
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return f"the name cannot be resolved ({cause.strerror})"
        if isinstance(cause, ssl.SSLError):  # its errno is a number of OpenSSL
            return f"the TLS connection failed: {tls.reason(cause)}"
    # anyio puts the addresses into the text, and joins the texts where it has tried several.
    numbers = [cause.errno for cause in causes if isinstance(cause, OSError) and cause.errno]
    numbers += [int(number) for cause in causes for number in _ERRNO.findall(str(cause))]
    reasons = dict.fromkeys(os.strerror(number).lower() for number in numbers)
    text = one_line(str(failure))
    return "; ".join(reasons) or (f"{type(failure).__name__}: {text}" if text else type(failure).__name__)
