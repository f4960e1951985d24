"""Probing hostnames: one TLS connection each, to an address that DNS gives. No redirect is followed and no key is sent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.dns.answers import Kind
from reconciler.dns.servers import is_address
from reconciler.model.dns import plain_name
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.dns.lookup import Lookup

_DAY = 86400  # seconds
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r\n]")
_MISDIRECTED = 421  # the server does not know the hostname (RFC 9110, section 15.5.20)


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """`timeout` is in seconds for each step of a probe. A certificate with fewer than `min_days` days left is expiring.

    `tls` makes the settings of a connection: which authorities are trusted.
    """

    timeout: float = 10.0
    min_days: int = 14
    port: int = 443
    parallelism: int = 32
    clock: Callable[[], float] = time.time
    tls: Callable[[], ssl.SSLContext] = field(default=ssl.create_default_context)


async def probe_all(
    hostnames: Iterable[tuple[str, str]], lookup: Lookup, settings: ProbeSettings | None = None
) -> tuple[Probe, ...]:
    """A probe of each (environment, hostname). Raises what `settings.tls` raises, before any connection."""
    settings = settings or ProbeSettings()
    tls = settings.tls()
    slots = asyncio.Semaphore(settings.parallelism)

    async def probe(environment: str, hostname: str) -> Probe:
        async with slots:
            if not plain_name(hostname):
                return Probe(environment, hostname, ProbeVerdict.NOT_PROBED, "the hostname is not a usable DNS name")
            address, problem = await _address(hostname, lookup)
            if address is None:
                return Probe(environment, hostname, *problem)
            return await _Attempt(environment, hostname, address, settings).run(tls)

    return tuple(await asyncio.gather(*(probe(*each) for each in hostnames)))


async def _address(hostname: str, lookup: Lookup) -> tuple[str | None, tuple[ProbeVerdict, str]]:
    """An address of the hostname, IPv4 first; else the verdict and why."""
    problem = (ProbeVerdict.NOT_SERVING, "the hostname has no address in DNS")
    for kind in ("A", "AAAA"):
        answer = await lookup.resolve(hostname, kind)
        for value in answer.values:
            if is_address(value):
                return value, problem
        if answer.kind is Kind.NO_ANSWER:
            problem = (ProbeVerdict.NOT_PROBED, f"the address is not known: the DNS server {answer.problem}")
    return None, problem


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One connection to one address."""

    environment: str
    hostname: str
    address: str
    settings: ProbeSettings

    async def run(self, tls: ssl.SSLContext) -> Probe:
        try:
            async with asyncio.timeout(self.settings.timeout):
                reader, writer = await asyncio.open_connection(
                    self.address, self.settings.port, ssl=tls, server_hostname=self.hostname
                )
        except ssl.SSLCertVerificationError as error:
            return self._probe(ProbeVerdict.CERTIFICATE_WRONG, _certificate_problem(error, self.hostname))
        except ssl.SSLError as error:
            return self._probe(ProbeVerdict.NOT_SERVING, f"the TLS handshake failed: {_os_error(error)}")
        except TimeoutError:
            return self._probe(ProbeVerdict.NOT_SERVING, f"no connection within {self.settings.timeout:g} s")
        except OSError as error:
            return self._probe(ProbeVerdict.NOT_SERVING, f"no connection: {_os_error(error)}")
        try:
            return await self._talk(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Probe:
        tls = writer.get_extra_info("ssl_object")
        expires = int(ssl.cert_time_to_seconds(str(tls.getpeercert()["notAfter"])))
        days = int((expires - self.settings.clock()) // _DAY)
        status, problem = await self._status(reader, writer)
        verdict, message = ProbeVerdict.SERVING, f"serves over {tls.version()}, certificate valid for {_days(days)}"
        if status is None:
            verdict, message = ProbeVerdict.NOT_SERVING, f"TLS works, but there is no HTTP answer: {problem}"
        elif status >= 500 or status == _MISDIRECTED:
            verdict, message = ProbeVerdict.NOT_SERVING, f"TLS works, but `/` answers HTTP {status}"
        elif days < self.settings.min_days:
            verdict, message = ProbeVerdict.CERTIFICATE_EXPIRING, f"the certificate expires in {_days(days)}"
        return self._probe(verdict, message, expires, days, tls.version(), status)

    async def _status(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int | None, str]:
        """The HTTP status of `/`; None, and why, where there is none."""
        request = (
            f"GET / HTTP/1.1\r\nHost: {self.hostname}\r\nUser-Agent: imgwire-reconciler/{__version__} (probe)\r\n"
            "Accept: */*\r\nConnection: close\r\n\r\n"
        )
        try:
            async with asyncio.timeout(self.settings.timeout):
                writer.write(request.encode("ascii"))
                await writer.drain()
                line = await reader.readline()
        except TimeoutError:
            return None, f"nothing within {self.settings.timeout:g} s"
        except (OSError, ValueError) as error:
            return None, _os_error(error) if isinstance(error, OSError) else "the first line is too long"
        match = _STATUS_LINE.match(line)
        return (int(match[1]), "") if match else (None, "the connection was closed" if not line else "it is not HTTP")

    def _probe(
        self,
        verdict: ProbeVerdict,
        message: str,
        expires: int | None = None,
        days_left: int | None = None,
        protocol: str | None = None,
        status: int | None = None,
    ) -> Probe:
        return Probe(
            self.environment, self.hostname, verdict, message, self.address, expires, days_left, protocol, status
        )


def _certificate_problem(error: ssl.SSLCertVerificationError, hostname: str) -> str:
    """Why clients refuse the certificate."""
    if "mismatch" in error.verify_message.lower():
        return f"the certificate is not for {hostname}"
    return f"the certificate is not accepted: {error.verify_message}"


def _os_error(error: OSError) -> str:
    """The reason in words. The `errno` of an SSLError is a number of OpenSSL, not of the operating system."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or str(error)).replace("_", " ").lower()
    if isinstance(error, socket.gaierror):
        return "the address cannot be used"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
