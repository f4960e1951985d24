"""The way through a proxy: HTTP CONNECT (RFC 9110, 9.3.6) and SOCKS 5 (RFC 1928, RFC 1929)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import h11

from reconciler.model.errors import NotSent

if TYPE_CHECKING:
    from reconciler.api.proxies import Proxy
    from reconciler.api.stream import Stream

_SOCKS_REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live expired",
    7: "command not supported",
    8: "address type not supported",
}


async def open_tunnel(stream: Stream, proxy: Proxy, host: str, port: int, user_agent: str) -> None:
    """Have the proxy connect the stream to host and port. Raises NotSent and OSError."""
    if proxy.scheme in {"http", "https"}:
        await _connect(stream, proxy, host, port, user_agent)
    else:
        await _socks(stream, proxy, host, port)


async def _connect(stream: Stream, proxy: Proxy, host: str, port: int, user_agent: str) -> None:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    headers = [("Host", target), ("User-Agent", user_agent)]
    if credentials := proxy.basic_credentials:
        headers.append(("Proxy-Authorization", credentials))
    http = h11.Connection(h11.CLIENT)
    try:
        request = http.send(h11.Request(method="CONNECT", target=target, headers=headers))
        stream.write((request or b"") + (http.send(h11.EndOfMessage()) or b""))
        while not isinstance(event := http.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                data = await stream.read()
                if not data:
                    raise NotSent(f"could not connect: the proxy {proxy} closed the connection")
                http.receive_data(data)
    except h11.LocalProtocolError:
        hint = f"write special characters in {proxy.variable} as %XX"
        raise NotSent(f"the user and password in {proxy.variable} cannot be sent", hint=hint) from None
    except h11.RemoteProtocolError:
        hint = f"check {proxy.variable}: this does not look like an HTTP proxy"
        raise NotSent(f"could not connect: the proxy {proxy} does not answer in HTTP", hint=hint) from None
    if event.status_code == 407:
        hint = f"put user and password into {proxy.variable}: http://USER:PASSWORD@HOST:PORT"
        raise NotSent(f"could not connect: the proxy {proxy} requires a login (407)", hint=hint)
    if not 200 <= event.status_code < 300 or http.trailing_data[0]:
        reason = event.reason.decode("latin-1").strip()
        hint = f"check that the proxy may reach {target}, or add {host} to NO_PROXY"
        raise NotSent(f"could not connect: the proxy {proxy} answered {event.status_code} {reason}".rstrip(), hint=hint)


async def _socks(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    hint = f"check {proxy.variable}"
    stream.write(b"\x05\x01\x00" if proxy.user is None else b"\x05\x02\x00\x02")
    version, method = await stream.read_exactly(2)
    if version != 5:
        raise NotSent(f"could not connect: the proxy {proxy} does not answer in SOCKS 5", hint=hint)
    if method == 2 and proxy.user is not None:
        stream.write(b"\x01" + _counted(proxy.user.encode()) + _counted(proxy.password.encode()))
        if (await stream.read_exactly(2))[1]:
            raise NotSent(f"could not connect: the proxy {proxy} does not accept user and password", hint=hint)
    elif method != 0:
        hint = f"put user and password into {proxy.variable}: socks5://USER:PASSWORD@HOST:PORT"
        raise NotSent(f"could not connect: the proxy {proxy} requires a login", hint=hint)
    stream.write(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"))
    _, reply, _, kind = await stream.read_exactly(4)
    if reply:
        reason = _SOCKS_REPLIES.get(reply, f"reply {reply}")
        raise NotSent(f"could not connect: the proxy {proxy} answered: {reason}", hint=hint)
    size = {1: 4, 4: 16}.get(kind) or (await stream.read_exactly(1))[0]
    await stream.read_exactly(size + 2)


def _socks_address(host: str) -> bytes:
    """An address as such; a name for the proxy to look up."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return b"\x03" + _counted(host.encode("ascii"))
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


def _counted(data: bytes) -> bytes:
    return bytes([min(len(data), 255)]) + data[:255]
