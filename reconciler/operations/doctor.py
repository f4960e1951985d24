"""`doctor`: everything between the manifest and the API, checked one by one. Only GET requests are sent."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.api import tls
from reconciler.api.backend import DOMAIN_PATH, USER_AGENT, AllowedCalls, Connections, HttpSettings
from reconciler.api.exchange import Request
from reconciler.api.proxies import proxy_for
from reconciler.model.diagnostics import Severity
from reconciler.model.doctor import Check, CheckState
from reconciler.model.domains import Unreadable
from reconciler.model.environments import Manifest
from reconciler.model.errors import BackendError, Unauthorized
from reconciler.model.exit_codes import ExitCode, code_of, worst
from reconciler.model.listing import names_of
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.results import DoctorResult, Stopped
from reconciler.operations.propose import survey
from reconciler.operations.workspace import Workspace, source_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence
    from urllib.parse import SplitResult

    from reconciler.api.proxies import Proxy
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Inputs

MAX_SKEW = 60
"""Seconds between the clock of this machine and that of the API, from which a warning is due."""


def open_anyway(
    inputs: Inputs, *, names: Sequence[str] = (), selectors: Sequence[str] = (), shard: str | None = None
) -> Workspace:
    """The workspace, or where the manifest is invalid one without environments: everything else is checked nevertheless."""
    try:
        return Workspace.open(inputs, names=names, selectors=selectors, shard=shard)
    except Stopped as stopped:
        if stopped.failed.exit_code is not ExitCode.DATA:
            raise
        nothing = Manifest(())
        return Workspace(nothing, source_of(nothing, inputs), (), {}, inputs.environ, stopped.diagnostics)


async def doctor(workspace: Workspace, context: Context) -> DoctorResult:
    """Check manifest, keys, proxy, DNS, TLS, clock and the API, in this order. A failed check does not stop the others."""
    settings = HttpSettings(
        workspace.api_url,
        AllowedCalls.READ,
        timeout=context.timeout,
        transport=context.transport,
        environ=workspace.environ,
    )
    url = urlsplit(workspace.api_url)
    checks = [_manifest(workspace), _keys(workspace)]
    if context.transport is not None:
        checks += [_skipped(name, "the built-in emulator uses no network") for name in ("proxy", "dns", "tls", "clock")]
    else:
        proxy, check = _proxy(url, settings)
        checks.append(check)
        if check.state is CheckState.FAILED:
            checks += [_skipped(name, "the proxy cannot be used") for name in ("dns", "tls")]
        else:
            checks += [await _dns(url, proxy), await _tls(url, proxy, settings)]
        checks.append(await _clock(url, settings))
    return DoctorResult((*checks, await _api(workspace, context)))


def _manifest(workspace: Workspace) -> Check:
    errors = [item for item in workspace.diagnostics if item.severity is Severity.ERROR]
    if errors and not workspace.source.files:
        first, more = errors[0], f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        place = f"{first.span.file}:{first.span.line}: " if first.span else ""
        return _failed("manifest", f"{place}{first.message}{more}", first.hint, ExitCode.DATA)
    warnings = [item for item in workspace.diagnostics if item.severity is Severity.WARNING]
    count, files = len(workspace.selected), len(workspace.source.files)
    message = f"{count} environment{'s' * (count != 1)} in {files} file{'s' * (files != 1)}"
    if warnings:
        return Check("manifest", CheckState.WARNING, f"{message}; {warnings[0].message}", warnings[0].hint)
    return Check("manifest", CheckState.OK, message)


def _keys(workspace: Workspace) -> Check:
    missing = [item.name for item in workspace.selected if item.name not in workspace.credentials]
    total = len(workspace.selected)
    if not total:
        return _skipped("keys", "no environment is known")
    if not missing:
        return Check("keys", CheckState.OK, f"{total} of {total} keys were found")
    message = f"{total - len(missing)} of {total} keys were found; missing or not usable: {names_of(missing)}"
    return _failed("keys", message, "set or correct these keys", ExitCode.CREDENTIALS)


def _proxy(url: SplitResult, settings: HttpSettings) -> tuple[Proxy | None, Check]:
    if url.scheme == "http":
        return None, _skipped("proxy", "plain http never uses a proxy")
    try:
        proxy = proxy_for(url.hostname or "", _port(url), settings.environ)
    except BackendError as error:
        return None, _failed("proxy", error.message, error.hint, code_of(error.kind))
    message = f"{proxy} from {proxy.variable}" if proxy else "none, the connection is direct"
    return proxy, Check("proxy", CheckState.OK, message)


async def _dns(url: SplitResult, proxy: Proxy | None) -> Check:
    host, port = (proxy.host, proxy.port) if proxy else (url.hostname or "", _port(url))
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        hint = f"check the name `{host}`, /etc/resolv.conf, and whether HTTPS_PROXY must be set here"
        return _failed("dns", f"{host} cannot be resolved: {reason}", hint, ExitCode.UNREACHABLE)
    addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return Check("dns", CheckState.OK, f"{host} has the address {addresses[0]}{more}")


async def _tls(url: SplitResult, proxy: Proxy | None, settings: HttpSettings) -> Check:
    if url.scheme == "http":
        return _skipped("tls", "the API URL is plain http")
    try:
        context = tls.trusted(settings.environ)
    except BackendError as error:
        return _failed("tls", error.message, error.hint, code_of(error.kind))
    if proxy:
        return _skipped("tls", "checked with the API, because the connection goes through a proxy")
    where = f"{url.hostname}:{_port(url)}"
    try:
        version = await _within(settings.timeout, _handshake(url.hostname or "", _port(url), context))
    except TimeoutError:
        hint = "check firewalls between this machine and the API"
        return _failed("tls", f"{where}: no answer within {settings.timeout:g} s", hint, ExitCode.UNREACHABLE)
    except ssl.SSLError as error:
        reason, advice = tls.failure(error)
        return _failed("tls", f"{where}: {reason}", advice or "check the API URL and its port", ExitCode.UNREACHABLE)
    except OSError as error:
        hint = "check the API URL, firewalls, and whether HTTPS_PROXY must be set here"
        return _failed("tls", f"{where}: {error.strerror or error}", hint, ExitCode.UNREACHABLE)
    return Check("tls", CheckState.OK, f"{version} with {where}, and its certificate is trusted")


async def _handshake(host: str, port: int, context: ssl.SSLContext) -> str:
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    try:
        version: str = writer.get_extra_info("ssl_object").version()
        return version
    finally:
        writer.close()


async def _clock(url: SplitResult, settings: HttpSettings) -> Check:
    """Compare with the Date header of an answer to a GET without a key. Its status does not matter."""
    request = Request("GET", url.path + DOMAIN_PATH, (("User-Agent", USER_AGENT),), b"")
    try:
        async with Connections(settings).lend(1, keep=False) as exchanger:
            answer = await exchanger.exchange(request)
        there = parsedate_to_datetime(answer.headers["date"]).timestamp()
    except BackendError:
        return _skipped("clock", "the API does not answer")
    except (KeyError, ValueError, OverflowError):
        return _skipped("clock", "the answer of the API has no `Date` header")
    skew = round(settings.wall_clock() - there)
    if abs(skew) > MAX_SKEW:
        side = "ahead of" if skew > 0 else "behind"
        message = f"this machine is {abs(skew)} s {side} the API"
        return Check("clock", CheckState.WARNING, message, "synchronise the clock (NTP): certificates and plans expire")
    return Check("clock", CheckState.OK, f"within {MAX_SKEW} s of the API")


async def _api(workspace: Workspace, context: Context) -> Check:
    """Read each environment that has a key."""
    try:
        result = await survey(workspace, context)
    except BackendError as problem:
        return _failed("api", problem.message, problem.hint, code_of(problem.kind))
    states = [item for item in result.plan.environments if item.name in workspace.credentials]
    failures = [(item.name, item.live.error) for item in states if isinstance(item.live, Unreadable)]
    if failures:
        return _unread(failures, len(states))
    mistake = next((block for block in result.blocks if block.code in IDENTITY_CODES), None)
    if mistake:
        return _failed("api", mistake.message, mistake.fix, ExitCode.REFUSED)
    if not states:
        return _skipped("api", "no environment has a usable key")
    return Check(
        "api",
        CheckState.OK,
        f"{len(states)} of {len(result.plan.environments)} environments were read from {workspace.api_url}",
    )


def _unread(failures: Sequence[tuple[str, BackendError]], total: int) -> Check:
    """Each kind of failure with its environments. Of errors other than a rejected key, the first message."""
    kinds: defaultdict[tuple[str, int | None], list[tuple[str, BackendError]]] = defaultdict(list)
    for name, error in failures:
        kinds[error.kind, error.status].append((name, error))
    reasons, hints = [], []
    for (kind, status), found in kinds.items():
        names, error = names_of(name for name, _ in found), found[0][1]
        rejected = f"{len(found)} key{'s' * (len(found) != 1)} rejected ({status}): {names}"
        reasons.append(rejected if kind == Unauthorized.kind else f"{names}: {error.message}")
        hints.append(error.hint_beside(others_answered=len(failures) < total))
    message = f"{len(failures)} of {total} environments could not be read; {'; '.join(reasons)}"
    hint = "; ".join(dict.fromkeys(hint for hint in hints if hint))
    return _failed("api", message, hint or None, worst([code_of(error.kind) for _, error in failures]))


async def _within(seconds: float, work: Awaitable[str]) -> str:
    async with asyncio.timeout(seconds):
        return await work


def _port(url: SplitResult) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _failed(name: str, message: str, hint: str | None, code: ExitCode) -> Check:
    return Check(name, CheckState.FAILED, message, hint, code)


def _skipped(name: str, message: str) -> Check:
    return Check(name, CheckState.SKIPPED, message)
