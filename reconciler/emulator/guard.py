"""Protection against other machines, and against web pages in a browser on this one (DNS rebinding, cross-site requests)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.emulator.admin import PREFIX
from reconciler.emulator.responses import json_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """Responds 403 before the app sees a request that another machine or a foreign web page may have caused.

    The admin API needs a loopback caller, a loopback `Host` and no foreign `Origin`. With `local` (the server listens on a
    loopback address) every path needs the last two: a page that rebinds its own name to this address still sends that name.
    """

    def __init__(self, app: ASGIApp, *, local: bool) -> None:
        self._app = app
        self._local = local

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reason = self._reason(scope) if scope["type"] == "http" else None
        app = self._app if reason is None else json_response(403, {"detail": reason})
        await app(scope, receive, send)

    def _reason(self, scope: Scope) -> str | None:
        admin = scope["path"].startswith(PREFIX)
        if not admin and not self._local:
            return None
        if admin and scope["client"] is not None and not is_loopback(scope["client"][0]):
            return "The emulator's own API accepts loopback callers only"
        headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"host", b"origin")}
        host, origin = headers.get(b"host"), headers.get(b"origin")
        if host is not None and not is_loopback(_hostname(f"//{host}")):
            return "The Host header does not name this machine: use 127.0.0.1, [::1] or localhost"
        if origin is not None and not is_loopback(_hostname(origin)):
            return "Requests from web pages of other sites are refused (Origin header)"
        return None


def is_loopback(host: str) -> bool:
    """The text is a loopback address, `localhost`, or a name below it (RFC 6761: no zone has such names)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hostname(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
