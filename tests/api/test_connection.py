"""The network: which answer belongs to which request, TLS, proxies, and the error of each kind of failure."""

from __future__ import annotations

import asyncio
import base64
import gc
import json
import os
import re
from typing import TYPE_CHECKING

import pytest
from samples import domain

from api.servers import answer, proxying, serving, socks_proxying
from reconciler.api.backend import AllowedCalls, HttpBackend, HttpSettings
from reconciler.api.retry import RetryPolicy
from reconciler.model.domains import Present
from reconciler.model.environments import Credential, Secret
from reconciler.model.errors import BackendError, NoAnswer, NotSent, TooFewFiles, Unauthorized, Unexpected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from api.servers import Authority, Server
    from reconciler.api.backend import Writer

pytestmark = pytest.mark.anyio

WEB = domain("web", "web.example.com")
RECORD = json.dumps(WEB.as_dict()).encode()
REFUSED = answer(b'{"detail": "not allowed", "error_type": "OperationNotAllowedError"}', "403 Forbidden")
KEY = "sk_live_of-the-connection"


def client(url: str, *, timeout: float = 5.0, **environ: str) -> AbstractAsyncContextManager[Writer]:
    settings = HttpSettings(url, AllowedCalls.WRITE, timeout=timeout, retry=RetryPolicy(0), environ=environ)
    return HttpBackend({"web": Credential(Secret(KEY))}, settings).open()


async def api(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every GET with the record and refuses everything else."""
    while True:
        head = await state.request(reader)
        writer.write(answer(RECORD) if head.startswith("GET") else REFUSED)


async def error_of(call: Awaitable[object]) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await call
    return caught.value


async def test_one_connection_serves_many_requests() -> None:
    async with serving(api) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        for _ in range(3):
            assert await connection.read("web") == Present(WEB)
        assert (server.connections, server.methods) == (1, ["GET"] * 3)


async def test_a_base_url_with_a_path_is_in_front_of_every_path() -> None:
    async with serving(api) as server, client(f"http://127.0.0.1:{server.port}/gateway") as connection:
        await connection.read("web")
        assert server.requests[0].startswith("GET /gateway/api/v1/custom_domain/ HTTP/1.1\r\n")
        assert f"Host: 127.0.0.1:{server.port}\r\n" in server.requests[0]


def twice(pause: float | None) -> Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Answers a GET twice, the second time after a pause, with what would acknowledge a delete; refuses everything else."""

    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await state.request(reader)
            if not head.startswith("GET"):
                writer.write(REFUSED)
                continue
            second = answer(b'{"status": "deleted"}')
            writer.write(answer(RECORD) + (second if pause is None else b""))
            if pause is not None:
                await writer.drain()
                await asyncio.sleep(pause)
                writer.write(second)

    return serve


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "TLS"])
@pytest.mark.parametrize("pause", [None, 0.0, 0.02], ids=["in one packet", "at once", "later"])
async def test_a_second_answer_never_answers_the_next_call(
    secure: bool, pause: float | None, authority: Authority
) -> None:
    tls = authority.server if secure else None
    async with serving(twice(pause), tls) as server:
        url = f"{'https' if secure else 'http'}://127.0.0.1:{server.port}"
        async with client(url, SSL_CERT_FILE=str(authority.certificates)) as connection:
            assert await connection.read("web") == Present(WEB)
            if pause is not None:
                await asyncio.sleep(pause + 0.05)
            assert isinstance(await error_of(connection.delete("web")), Unauthorized)
    assert (server.methods, server.connections) == (["GET", "DELETE"], 2)


async def test_a_second_answer_that_is_still_in_the_kernel_closes_the_connection() -> None:
    """The call follows before the event loop has come to look at the socket again."""
    arrived = asyncio.Event()

    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await state.request(reader)
            if not head.startswith("GET"):
                writer.write(REFUSED)
                continue
            writer.write(answer(RECORD))
            await writer.drain()
            await arrived.wait()
            writer.write(answer(b"{}"))

    async with serving(serve) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        await connection.read("web")
        arrived.set()
        await asyncio.sleep(0)  # the server writes
        await asyncio.sleep(0)
        assert isinstance(await error_of(connection.delete("web")), Unauthorized)


@pytest.mark.parametrize("extra", [b"\r\n", b"x", b"HTTP/1.1 200 OK\r\n"], ids=["a line", "a byte", "half an answer"])
async def test_bytes_after_an_answer_close_the_connection(extra: bytes) -> None:
    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await state.request(reader)
            writer.write(answer(RECORD) + extra)

    async with serving(serve) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        assert await connection.read("web") == Present(WEB)
        assert await connection.read("web") == Present(WEB)
    assert server.connections == 2


async def test_a_custom_domain_does_not_acknowledge_a_delete() -> None:
    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await state.request(reader)
        writer.write(answer(RECORD))

    async with serving(serve) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        error = await error_of(connection.delete("web"))
    assert isinstance(error, Unexpected)
    assert "200, but the body is a custom domain, which does not acknowledge a delete" in error.message


async def test_a_connection_that_the_server_has_closed_is_opened_again() -> None:
    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await state.request(reader)
        writer.write(answer(RECORD))

    async with serving(serve) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        for _ in range(3):
            assert await connection.read("web") == Present(WEB)
            await asyncio.sleep(0.02)
    assert server.connections == 3


@pytest.mark.parametrize("proxy", [None, "http", "socks5"])
async def test_a_delete_waits_only_shortly_for_a_new_connection(
    monkeypatch: pytest.MonkeyPatch, proxy: str | None
) -> None:
    """It depends on the read before it. What was not sent is tried again, after another read."""

    async def silent(_state: Server, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            pass

    monkeypatch.setattr("reconciler.api.connection._CONNECT_FOR_DELETE", 0.2)
    async with serving(silent) as server:
        environ = {} if proxy is None else {"HTTPS_PROXY": f"{proxy}://127.0.0.1:{server.port}"}
        url = f"https://127.0.0.1:{server.port}" if proxy is None else "https://api.example.com"
        async with client(url, timeout=60.0, **environ) as connection:
            assert isinstance(await asyncio.wait_for(error_of(connection.delete("web")), 20.0), NotSent)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.read("web"), 1.0)


async def test_a_delete_waits_long_for_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await state.request(reader)
        await asyncio.sleep(0.6)
        writer.write(REFUSED)

    monkeypatch.setattr("reconciler.api.connection._CONNECT_FOR_DELETE", 0.2)
    async with serving(slow) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        assert isinstance(await error_of(connection.delete("web")), Unauthorized)


async def test_chunks_and_early_hints_are_read() -> None:
    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await state.request(reader)
            writer.write(
                b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            for part in (RECORD[:10], RECORD[10:]):
                writer.write(b"%x\r\n%s\r\n" % (len(part), part))
                await writer.drain()
            writer.write(b"0\r\n\r\n")

    async with serving(serve) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        for _ in range(2):
            assert await connection.read("web") == Present(WEB)
    assert server.connections == 1


async def raw(data: bytes, tls: bool = False) -> BackendError:
    """The error of a create that is answered with these bytes."""

    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await state.request(reader)
        writer.write(data)

    async with serving(serve) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        return await error_of(connection.create("web", "web.example.com"))


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"X-Echo : %s\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 %s OK\r\n\r\n",
        b"%s\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n%s\r\n",
        HEAD + b"content-length: %s\r\n\r\n",
        HEAD + b"transfer-encoding: %s\r\n\r\n",
        answer(b"", "307 Temporary Redirect", "location: https://x.example/%s?key=%s"),
        answer(b"", "404 Not Found", "content-encoding: %s"),
        answer(b'{"detail": "bad key %s", "error_type": "%s"}', "401 Unauthorized"),
        answer(b"", "503 Service Unavailable").replace(b"application/json", b"text/%s"),
    ],
    ids=[
        "header",
        "status line",
        "no HTTP",
        "chunk",
        "length",
        "transfer encoding",
        "redirect",
        "encoding",
        "error",
        "media type",
    ],
)
@pytest.mark.parametrize("key", [KEY, "".join(f"%{ord(letter):02X}" for letter in KEY)], ids=["plain", "as in a URL"])
async def test_a_key_in_a_broken_answer_is_masked(data: bytes, key: str) -> None:
    head, _, body = data.partition(b"\r\n\r\n")
    body = body.replace(b"%s", key.encode())
    head = re.sub(rb"(content-length: )\d+", rb"\g<1>%d" % len(body), head).replace(b"%s", key.encode())
    error = await raw(head + b"\r\n\r\n" + body)
    assert KEY not in (text := f"{error!r} {error} {vars(error)}")
    assert "of-the-connection" not in text
    assert key not in text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
@pytest.mark.parametrize("where", ["detail", "error_type"])
async def test_a_key_in_a_body_of_any_unicode_encoding_is_masked(encoding: str, where: str) -> None:
    body = json.dumps({"detail": "x", "error_type": "E", where: f"key {KEY}!"}).encode(encoding)
    error = await raw(answer(body, "400 Bad Request"))
    assert KEY not in f"{error!r} {vars(error)}"
    assert "[key]!" in error.message


async def test_a_compressed_answer_has_its_own_error() -> None:
    error = await raw(answer(b"\x1f\x8b", "200 OK", "content-encoding: gzip"))
    assert isinstance(error, Unexpected)
    assert error.message == "POST /api/v1/custom_domain/: 200 with a compressed body (gzip), which was not accepted"
    assert error.hint == "turn compression off in the proxy or server that answers for the Imgwire API"


async def test_a_bare_404_shows_the_whole_url() -> None:
    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await state.request(reader)
        writer.write(answer(b"<html>", "404 Not Found").replace(b"application/json", b"text/html"))

    async with serving(serve) as server, client(url := f"http://127.0.0.1:{server.port}/base") as connection:
        error = await error_of(connection.read("web"))
    assert error.message == (f"GET {url}/api/v1/custom_domain/: 404 with a body that is not from the API (text/html)")


async def test_a_redirect_names_its_target() -> None:
    error = await raw(answer(b"", "308 Permanent Redirect", "location: https://api2.imgwire.dev/x?token=1"))
    assert error.message.endswith(": 308, a redirect to https://api2.imgwire.dev/x, which is not followed")
    assert error.hint == "if https://api2.imgwire.dev/x is the Imgwire API, set --api-url to it"


async def test_https_to_a_server_without_tls_has_its_own_error(authority: Authority) -> None:
    async def serve(_state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(answer(b"", "400 Bad Request"))

    async with serving(serve) as server, client(f"https://127.0.0.1:{server.port}") as connection:
        error = await error_of(connection.create("web", "web.example.com"))
    assert isinstance(error, NotSent)
    assert error.message.endswith(
        f"could not connect to 127.0.0.1:{server.port}: the server does not speak TLS on this port"
    )
    assert "http://" in str(error.hint)


async def test_http_to_a_tls_server_has_its_own_error(authority: Authority) -> None:
    async with serving(api, authority.server) as server, client(f"http://127.0.0.1:{server.port}") as connection:
        error = await error_of(connection.create("web", "web.example.com"))
    assert isinstance(error, (NoAnswer, Unexpected))
    assert "https://" in str(error.hint)


async def test_a_tls_alert_as_the_answer_has_its_own_error() -> None:
    error = await raw(b"\x15\x03\x01\x00\x02\x02\x46")
    assert isinstance(error, Unexpected)
    assert "expects TLS" in error.message


async def test_a_refused_connection_has_its_own_error() -> None:
    async with serving(api) as server:
        pass
    async with client(f"http://127.0.0.1:{server.port}") as connection:
        error = await error_of(connection.create("web", "web.example.com"))
    assert isinstance(error, NotSent)
    assert error.message == (
        f"POST /api/v1/custom_domain/: could not connect to 127.0.0.1:{server.port}: connection refused"
    )


async def test_an_unknown_host_name_has_its_own_error() -> None:
    async with client("https://api.imgwire.invalid") as connection:
        error = await error_of(connection.read("web"))
    assert isinstance(error, NotSent)
    assert "could not connect to api.imgwire.invalid:443: the name cannot be resolved" in error.message


async def test_a_certificate_of_an_unknown_authority_names_ssl_cert_file(authority: Authority) -> None:
    async with serving(api, authority.server) as server, client(f"https://127.0.0.1:{server.port}") as connection:
        error = await error_of(connection.read("web"))
    assert isinstance(error, NotSent)
    assert "the TLS certificate is not accepted: unable to get local issuer certificate" in error.message
    assert "SSL_CERT_FILE" in str(error.hint)
    assert server.requests == []


async def test_a_certificate_for_another_name_is_not_accepted(authority: Authority) -> None:
    async with serving(api, authority.server, host="127.0.0.2") as server:
        url = f"https://127.0.0.2:{server.port}"
        async with client(url, SSL_CERT_FILE=str(authority.certificates)) as connection:
            error = await error_of(connection.read("web"))
    assert "the TLS certificate is not accepted: IP address mismatch" in error.message
    assert server.requests == []


async def test_a_connection_that_breaks_after_the_handshake_is_described_in_the_words_of_tls(
    authority: Authority,
) -> None:
    async def plain(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await state.request(reader)
        os.write(writer.get_extra_info("socket").fileno(), answer(RECORD))

    async with serving(plain, authority.server) as server:
        url = f"https://localhost:{server.port}"
        async with client(url, SSL_CERT_FILE=str(authority.certificates)) as connection:
            error = await error_of(connection.read("web"))
    assert isinstance(error, NoAnswer)
    assert re.search("no answer: the TLS connection failed: (wrong version|record layer)", error.message), error.message


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_certificates_of_the_environment_are_trusted(variable: str, authority: Authority) -> None:
    async with serving(api, authority.server) as server:
        url = f"https://localhost:{server.port}"
        async with client(url, **{variable: str(authority.certificates)}) as connection:
            assert await connection.read("web") == Present(WEB)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
async def test_certificates_that_cannot_be_used_name_their_variable(variable: str) -> None:
    with pytest.raises(NotSent, match=f"the certificates of {variable} cannot be used: it has no PEM certificate"):
        async with client("https://localhost", **{variable: __file__}):
            pass


LOGIN = "Basic " + base64.b64encode(b"user:p@ss").decode()


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_https_goes_through_the_proxy(variable: str, authority: Authority) -> None:
    async with serving(api, authority.server) as server, proxying(login=LOGIN) as proxy:
        environ = {variable: f"http://user:p%40ss@127.0.0.1:{proxy.port}", "SSL_CERT_FILE": str(authority.certificates)}
        async with client(f"https://localhost:{server.port}", **environ) as connection:
            for _ in range(2):
                assert await connection.read("web") == Present(WEB)
    assert proxy.requests[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.1\r\n")
    assert KEY not in "".join(proxy.requests)
    assert (proxy.connections, server.connections) == (1, 1)


async def test_https_goes_through_a_socks_proxy(authority: Authority) -> None:
    async with serving(api, authority.server) as server, socks_proxying() as proxy:
        environ = {
            "ALL_PROXY": f"socks5h://user:pass@127.0.0.1:{proxy.port}",
            "SSL_CERT_FILE": str(authority.certificates),
        }
        async with client(f"https://localhost:{server.port}", **environ) as connection:
            assert await connection.read("web") == Present(WEB)
    assert proxy.requests == [f"localhost:{server.port}"]


@pytest.mark.parametrize(
    "no_proxy",
    [
        "*",
        "localhost",
        ".localhost",
        "fd07::/64, localhost",
        "[::1], *.corp.example localhost",
        "local*",
        "x,LOCALHOST",
    ],
)
async def test_no_proxy_connects_directly(no_proxy: str, authority: Authority) -> None:
    async with serving(api, authority.server) as server, proxying() as proxy:
        environ = {"HTTPS_PROXY": f"127.0.0.1:{proxy.port}", "SSL_CERT_FILE": str(authority.certificates)}
        async with client(f"https://localhost:{server.port}", NO_PROXY=no_proxy, **environ) as connection:
            assert await connection.read("web") == Present(WEB)
    assert proxy.requests == []


@pytest.mark.parametrize("no_proxy", ["fd07::/64", "[::1]", "*.corp.example", "example.com,local", "localhost:1", ","])
async def test_hosts_outside_no_proxy_go_through_the_proxy(no_proxy: str, authority: Authority) -> None:
    async with serving(api, authority.server) as server, proxying() as proxy:
        environ = {"HTTPS_PROXY": f"127.0.0.1:{proxy.port}", "SSL_CERT_FILE": str(authority.certificates)}
        async with client(f"https://localhost:{server.port}", NO_PROXY=no_proxy, **environ) as connection:
            assert await connection.read("web") == Present(WEB)
    assert proxy.methods == ["CONNECT"]


@pytest.mark.parametrize(
    ("far_end", "message"),
    [
        ("is silent", "timed out"),
        ("sends garbage", "the server does not speak TLS"),
        ("closes", "the connection was lost during the TLS handshake"),
        ("resets", "the connection was lost during the TLS handshake"),
    ],
)
async def test_a_tunnel_to_a_host_without_tls_is_an_error_in_time(far_end: str, message: str) -> None:
    """As of a proxy that opens every tunnel, also to a host that is down."""

    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read(10)
        match far_end:
            case "resets":
                writer.transport.abort()
            case "sends garbage":
                writer.write(b"SSH-2.0-OpenSSH\r\n")
                await asyncio.sleep(60)
            case "is silent":
                await asyncio.sleep(60)

    async with (
        proxying(far_end=end) as proxy,
        client("https://localhost:1", timeout=0.5, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}") as connection,
    ):
        async with asyncio.timeout(10):
            error = await error_of(connection.read("web"))
    assert isinstance(error, NotSent)
    assert message in str(error)


async def test_plain_http_never_goes_through_a_proxy() -> None:
    async with serving(api) as server, proxying() as proxy:
        environ = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), f"http://127.0.0.1:{proxy.port}")
        async with client(f"http://127.0.0.1:{server.port}", **environ) as connection:
            assert await connection.read("web") == Present(WEB)
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://127.0.0.1:{login}", "requires a login (407)"),
        ("http://user:wrong@127.0.0.1:{login}", "requires a login (407)"),
        ("http://user:s3cret@127.0.0.1:{refusing}", "answered with status 502"),
        ("http://127.0.0.1:{socks}", "not valid HTTP"),
        ("socks5://user:pass@127.0.0.1:{refusing}", "does not answer in SOCKS 5"),
        ("socks5://user:wrong@127.0.0.1:{socks}", "does not accept user and password"),
        ("socks5://127.0.0.1:{socks}", "requires a login"),
        ("https://127.0.0.1:{refusing}", "the server does not speak TLS on this port"),
        ("ftp://hunter2@proxy.example", "the proxy cannot be used: HTTPS_PROXY is not the address of a proxy"),
        ("http://user:hunter2@host:port", "the proxy cannot be used: HTTPS_PROXY is not the address of a proxy"),
        ("http://user:a@hunter2#x@host:1", "the proxy cannot be used: HTTPS_PROXY is not the address of a proxy"),
        ("http://user:hunter2?x@host:1", "the proxy cannot be used: HTTPS_PROXY is not the address of a proxy"),
        ("http://user:hunter2/x@host:1", "the proxy cannot be used: HTTPS_PROXY is not the address of a proxy"),
        ("http://", "the proxy cannot be used: HTTPS_PROXY is not the address of a proxy"),
    ],
)
# httpcore leaves the socket of a failed SOCKS handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_an_error_of_a_proxy_names_it_without_its_password(address: str, message: str) -> None:
    async with (
        proxying(login=LOGIN) as login,
        proxying(refuse="502 Bad Gateway") as refusing,
        socks_proxying() as socks,
    ):
        address = address.format(login=login.port, refusing=refusing.port, socks=socks.port)

        async def attempt() -> None:
            async with client("https://api.imgwire.invalid", timeout=2.0, HTTPS_PROXY=address) as connection:
                await connection.create("web", "web.example.com")

        error = await error_of(attempt())
    assert isinstance(error, NoAnswer if "valid HTTP" in message else NotSent)
    assert message in error.message
    assert (
        "HTTPS_PROXY" in str(error.hint) or "HTTPS_PROXY" in error.message or "502" in error.message or "TLS" in message
    )
    for secret in ("hunter2", "wrong", "pass@"):
        assert secret not in f"{error} {error.hint}"
    del error
    gc.collect()


@pytest.fixture
async def _few_files() -> AsyncIterator[None]:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("_few_files")
async def test_a_low_soft_limit_of_open_files_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    keys = {f"web{number}": Credential(Secret(f"sk_{number}")) for number in range(200)}
    async with HttpBackend(keys, HttpSettings("http://127.0.0.1:1", AllowedCalls.READ, parallelism=200)).open():
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 200


async def test_too_few_open_files_are_reported_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (128, 128))
    keys = {f"web{number}": Credential(Secret(f"sk_{number}")) for number in range(200)}
    with pytest.raises(TooFewFiles, match=r"200 connections need \d+ open files, and the limit is 128") as caught:
        async with HttpBackend(keys, HttpSettings("http://127.0.0.1:1", AllowedCalls.READ, parallelism=256)).open():
            pass
    assert "--parallelism" in str(caught.value.hint)
    assert "ulimit -n" in str(caught.value.hint)
