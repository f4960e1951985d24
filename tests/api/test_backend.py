"""The port over HTTP: what is sent, what is made of any answer, and what a server that lies or dawdles can do."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from cli.listener import listening
from samples import domain, uid

from reconciler.api.backend import AllowedCalls, HttpBackend, HttpSettings
from reconciler.api.calls import DOMAIN_PATH, TEST_PATH
from reconciler.api.client import ForbiddenCall
from reconciler.api.retry import RetryPolicy
from reconciler.model.domains import Absent, Present
from reconciler.model.environments import Credential, Secret
from reconciler.model.errors import (
    BackendError,
    KeyUnusable,
    NoAnswer,
    NotFound,
    NotSent,
    ServerFault,
    Throttled,
    Unexpected,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from reconciler.api.backend import Writer

WEB = domain("web", "web.example.com")
CREDENTIALS = {"web": Credential(Secret("sk_web"))}
ABSENT = {"detail": "Custom domain not found", "error_type": "ResourceNotFoundError"}


class FakeApi(httpx.AsyncBaseTransport):
    """Answers from a script (an answer, or an exception to raise), the last for ever; remembers what was asked."""

    def __init__(self, *script: httpx.Response | Exception) -> None:
        self._script = list(script)
        self.requests: list[httpx.Request] = []
        self.slept: list[float] = []
        self.heard: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if isinstance(reply, Exception):
            raise reply
        return httpx.Response(reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def settings(self, access: AllowedCalls = AllowedCalls.WRITE, **more: object) -> HttpSettings:
        return HttpSettings(
            "https://api.imgwire.dev",
            access,
            retry=RetryPolicy(2, jitter=lambda: 1.0),
            transport=self,
            sleep=self.sleep,
            clock=lambda: sum(self.slept),
            wall_clock=lambda: 0.0,
            observe=lambda event: self.heard.append((event.kind, event.text)),
            **more,  # type: ignore[arg-type]
        )


def ok(body: object, status: int = 200, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def call(api: FakeApi, what: str, access: AllowedCalls = AllowedCalls.WRITE) -> object:
    async with HttpBackend(CREDENTIALS, api.settings(access)).open() as connection:
        match what:
            case "read":
                return await connection.read("web")
            case "create":
                return await connection.create("web", "web.example.com")
            case "delete":
                return await connection.delete("web")
            case _:
                return await connection.test_connection("web")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("what", "method", "path", "body"),
    [
        ("read", "GET", DOMAIN_PATH, b""),
        ("create", "POST", DOMAIN_PATH, b'{"hostname":"web.example.com"}'),
        ("delete", "DELETE", DOMAIN_PATH, b""),
        ("test", "POST", TEST_PATH, b""),
    ],
)
async def test_each_call_is_sent_as_the_openapi_document_declares_it(
    what: str, method: str, path: str, body: bytes
) -> None:
    api = FakeApi(ok({} if what == "delete" else WEB.as_dict()))
    found = await call(api, what)
    assert found == {"read": Present(WEB), "delete": None}.get(what, WEB)
    [request] = api.requests
    assert (request.method, str(request.url), request.content) == (method, f"https://api.imgwire.dev{path}", body)
    assert request.headers["authorization"] == "Bearer sk_web"
    assert request.headers["accept-encoding"] == "identity"
    assert "x-environment-id" not in request.headers
    assert api.heard == [("call", f"web: {method} {path}: 200")]


@pytest.mark.anyio
async def test_the_environment_id_is_sent_where_the_credential_opens_several() -> None:
    api = FakeApi(ok(WEB.as_dict()))
    both = {"web": Credential(Secret("sk_all"), uid("web")), "app": Credential(Secret("sk_all"), uid("app"))}
    async with HttpBackend(both, api.settings()).open() as connection:
        await connection.read("web")
        await connection.read("app")
    assert [request.headers["x-environment-id"] for request in api.requests] == [uid("web"), uid("app")]


@pytest.mark.anyio
async def test_without_a_key_nothing_is_sent() -> None:
    api = FakeApi(ok(WEB.as_dict()))
    async with HttpBackend({}, api.settings()).open() as connection:
        with pytest.raises(KeyUnusable, match=r"^no usable key for `web`$"):
            await connection.read("web")
    assert api.requests == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("access", "refused"),
    [
        (AllowedCalls.READ, ["create", "delete", "test"]),
        (AllowedCalls.TEST, ["create", "delete"]),
        (AllowedCalls.WRITE, []),
    ],
    ids=["read", "test", "write"],
)
async def test_what_a_command_may_not_send_never_reaches_the_network(access: AllowedCalls, refused: list[str]) -> None:
    for what in ("read", "create", "delete", "test"):
        api = FakeApi(ok({} if what == "delete" else WEB.as_dict()))
        if what in refused:
            with pytest.raises(ForbiddenCall):
                await call(api, what, access)
        else:
            await call(api, what, access)
        assert len(api.requests) == (what not in refused)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [ok(ABSENT, 404), ok(ABSENT, 400), ok(ABSENT, 410), ok(ABSENT, 500), httpx.Response(200, content=b"null")],
    ids=["404", "400", "410", "500", "null"],
)
async def test_only_the_api_itself_reports_a_domain_absent(answer: httpx.Response) -> None:
    assert await call(FakeApi(answer), "read") == Absent()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(404, html="<html>nginx</html>"), id="somebody else's 404"),
        pytest.param(ok({"detail": "Not Found"}, 404), id="a bare 404"),
        pytest.param(ok({}, 204), id="204"),
        pytest.param(httpx.Response(200, html="<html>"), id="HTML"),
        pytest.param(ok([]), id="an empty list"),
        pytest.param(ok({}), id="an empty object"),
        pytest.param(httpx.Response(302, headers={"location": "/login"}), id="a redirect"),
        pytest.param(ok({"detail": "no", "error_type": "ResourceNotAuthorizedError"}, 404), id="hidden"),
    ],
)
async def test_no_other_answer_counts_as_absent(answer: httpx.Response) -> None:
    with pytest.raises(BackendError) as caught:
        await call(FakeApi(answer), "read")
    assert not isinstance(caught.value, NotFound)


BROKEN, SLOW = httpx.Response(503), httpx.ReadTimeout("")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "requests", "slept"),
    [
        pytest.param([BROKEN, SLOW, ok(WEB.as_dict())], 3, [0.25, 0.5], id="until it works"),
        pytest.param([ok({}, 429, retry_after="7"), ok(WEB.as_dict())], 2, [7.0], id="as long as was asked for"),
        pytest.param([httpx.Response(200, html="<html>"), ok(WEB.as_dict())], 2, [0.25], id="a garbled 200"),
    ],
)
async def test_a_failed_read_is_retried(script: list[httpx.Response], requests: int, slept: list[float]) -> None:
    api = FakeApi(*script)
    assert await call(api, "read") == Present(WEB)
    assert (len(api.requests), api.slept) == (requests, slept)


@pytest.mark.anyio
@pytest.mark.parametrize("what", ["create", "delete", "test"])
@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (BROKEN, ServerFault),
        (SLOW, NoAnswer),
        (httpx.ConnectError("refused"), NotSent),
        (httpx.RemoteProtocolError("closed"), NoAnswer),
        (httpx.WriteError("reset"), NoAnswer),
        (OSError("broken"), NoAnswer),
        (ValueError("what an answer can be"), NoAnswer),
        (ok({}, 429), Throttled),
        (ok({}, 408), NoAnswer),
        (httpx.Response(200, html="<html>"), Unexpected),
    ],
    ids=["503", "timeout", "connect", "closed", "reset", "os", "garbage", "429", "408", "html"],
)
async def test_a_write_is_sent_once_whatever_comes(
    what: str, trouble: httpx.Response | Exception, kind: type[BackendError]
) -> None:
    api = FakeApi(trouble)
    with pytest.raises(kind) as caught:
        await call(api, what)
    assert type(caught.value) is kind
    assert (len(api.requests), api.slept) == (1, [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(
            [BROKEN],
            "GET /api/v1/custom_domain/: 503 without a reason (no content type) (after 3 attempts and 0.8 s of waiting)",
            id="attempts spent",
        ),
        pytest.param(
            [ok({"detail": "slow down"}, 429, retry_after="3600")],
            "GET /api/v1/custom_domain/: 429 slow down (the API asked to wait 3600 s)",
            id="asked to wait for longer than anybody would",
        ),
        pytest.param(
            [httpx.ConnectError("[Errno 111]\n refused")],
            "GET /api/v1/custom_domain/: could not connect to api.imgwire.dev:443: connection refused"
            " (after 3 attempts and 0.8 s of waiting)",
            id="nobody there",
        ),
        pytest.param(
            [SLOW],
            "GET /api/v1/custom_domain/: no answer: timed out (after 3 attempts and 0.8 s of waiting)",
            id="no answer",
        ),
        pytest.param(
            [ok({})],
            "GET https://api.imgwire.dev/api/v1/custom_domain/: 200, but the body has no `id`, so it is not a custom domain"
            " (after 3 attempts and 0.8 s of waiting)",
            id="another shape",
        ),
    ],
)
async def test_the_error_of_a_read_counts_attempts_and_waiting(script: list[httpx.Response], message: str) -> None:
    with pytest.raises(BackendError) as caught:
        await call(FakeApi(*script), "read")
    assert caught.value.message == str(caught.value) == message


@pytest.mark.anyio
async def test_retries_are_reported_to_the_observer() -> None:
    api = FakeApi(BROKEN, ok(WEB.as_dict()))
    await call(api, "read")
    assert api.heard == [
        ("call", "web: GET /api/v1/custom_domain/: 503"),
        ("retry", "web: GET /api/v1/custom_domain/: 503 without a reason (no content type); retry in 0.2 s"),
        ("call", "web: GET /api/v1/custom_domain/: 200"),
    ]


@pytest.mark.anyio
async def test_a_retry_after_beyond_the_budget_ends_the_read_at_once() -> None:
    api = FakeApi(ok({}, 429, retry_after="3600"))
    async with HttpBackend(CREDENTIALS, api.settings()).open() as connection:
        for expected in ("429", "not sent: the API asked to wait another 3600 s"):
            with pytest.raises(Throttled, match=expected):
                await connection.read("web")
    assert (len(api.requests), api.slept) == (1, [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    "failure",
    [ok({}, 503), httpx.ConnectError("refused"), httpx.ReadTimeout("")],
    ids=["503", "not sent", "no answer"],
)
async def test_a_request_that_fails_between_two_429s_does_not_reset_the_budget(
    failure: httpx.Response | Exception,
) -> None:
    api = FakeApi(ok({}, 429, retry_after="100"), failure, ok({}, 429, retry_after="100"), ok(WEB.as_dict()))
    async with HttpBackend(CREDENTIALS, api.settings()).open() as connection:
        for expected in ("429", "POST", "429", "not sent: the API asked to wait another 100 s"):
            with pytest.raises(BackendError) as caught:
                await connection.create("web", "web.example.com")
            assert expected in caught.value.message
    assert (api.slept, len(api.requests)) == ([100.0], 3)


@pytest.mark.anyio
@pytest.mark.parametrize("headers", [{}, {"retry_after": "0"}], ids=["no header", "zero"])
async def test_a_429_without_a_time_pauses_the_run_for_a_second(headers: dict[str, str]) -> None:
    api = FakeApi(ok({}, 429, **headers), ok(WEB.as_dict()))
    async with HttpBackend(CREDENTIALS, api.settings()).open() as connection:
        with pytest.raises(Throttled):
            await connection.create("web", "web.example.com")
        await connection.read("web")
    assert api.slept == [1.0]


@asynccontextmanager
async def served(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], seconds: float = 0.3
) -> AsyncIterator[Writer]:
    """A connection to a real socket behind which anything may happen once a request has come."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        try:
            await answer(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    settings = HttpSettings(url, AllowedCalls.WRITE, timeout=seconds, retry=RetryPolicy(0))
    try:
        async with HttpBackend(CREDENTIALS, settings).open() as connection:
            yield connection
    finally:
        server.close()


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


async def _never(_writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"content-length: 1000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _flood(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"content-length: 100000000\r\n\r\n")
    for _ in range(1000):
        writer.write(b" " * 100_000)
        await writer.drain()


TEN_MB_ZIPPED = gzip.compress(b" " * 10_000_000, 1)


async def _zipped(writer: asyncio.StreamWriter) -> None:
    head = b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(TEN_MB_ZIPPED)
    writer.write(HEAD + head + TEN_MB_ZIPPED)
    await writer.drain()


async def _cut(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"content-length: 1000\r\n\r\n{")
    await writer.drain()


async def _nonsense(writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
    await writer.drain()


async def _endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        writer.write(b"x-%d: %s\r\n" % (number, b"y" * 1000))
        await writer.drain()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        pytest.param(_never, NoAnswer, "no answer: timed out", id="never"),
        pytest.param(_drip, NoAnswer, "no answer: timed out", id="a slow drip"),
        pytest.param(_flood, Unexpected, "200 with more than 262144 bytes", id="100 MB"),
        pytest.param(_zipped, Unexpected, "200", id="10 MB, compressed"),
        pytest.param(_cut, NoAnswer, "no answer: not valid HTTP: peer closed connection without", id="cut off"),
        pytest.param(_nonsense, NoAnswer, "no answer: not valid HTTP: ", id="not HTTP"),
        pytest.param(_endless_head, NoAnswer, "no answer: ", id="endless headers"),
    ],
)
async def test_a_slow_flooding_or_garbled_answer_is_bounded_by_timeout_and_size(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]], kind: type[BackendError], message: str
) -> None:
    async with served(answer, seconds=2.0 if answer in (_flood, _zipped) else 0.3) as connection:
        with pytest.raises(kind) as caught:
            await asyncio.wait_for(connection.create("web", "web.example.com"), 30)  # all of them go on for longer
    assert type(caught.value) is kind
    assert message in caught.value.message


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("SSL_CERT_FILE", "/nonexistent.pem", "the certificates of SSL_CERT_FILE cannot be used: No such file"),
        ("HTTPS_PROXY", "http://user:hunter2@host:port", "the proxy cannot be used"),
        ("HTTPS_PROXY", "ftp://proxy.example.com", "the proxy cannot be used"),
    ],
    ids=["certificates", "proxy", "kind of proxy"],
)
async def test_unusable_tls_and_proxy_settings_are_reported_without_their_values(
    name: str, value: str, message: str
) -> None:
    backend = HttpBackend(
        CREDENTIALS, HttpSettings("https://api.imgwire.dev", AllowedCalls.READ, environ={name: value})
    )
    with pytest.raises(NotSent) as caught:
        async with backend.open():
            pass
    assert caught.value.message.startswith(message)
    assert "hunter2" not in str(caught.value)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        ok({"detail": "bad key sk_web"}, 401),
        httpx.Response(400, content=b'{"detail": "\\u0073k_web"}'),
        httpx.Response(307, headers={"location": "https://x.example/sk_web"}),
        httpx.Response(503, headers={"content-type": "sk_web/html"}),
        httpx.Response(200, content=json.dumps({**WEB.as_dict(), "id": "sk_web"}).encode()),
    ],
    ids=["words", "escapes", "redirect", "content type", "a field"],
)
async def test_a_key_in_an_answer_is_masked(answer: httpx.Response) -> None:
    api = FakeApi(answer)
    try:
        told = repr(await call(api, "read"))
    except BackendError as error:
        told = repr(error) + str(error) + repr(vars(error))
    assert "sk_web" not in told + repr(api.heard)
    assert "[key]" in told


def test_the_settings_show_no_variable() -> None:
    settings = HttpSettings(
        "https://api.imgwire.dev", AllowedCalls.READ, environ={"HTTPS_PROXY": "http://user:CANARY@proxy"}
    )
    assert "CANARY" not in repr(settings)


@pytest.mark.anyio
async def test_a_request_that_cannot_be_encoded_is_not_sent() -> None:
    api = FakeApi(ok(WEB.as_dict()))
    async with HttpBackend(CREDENTIALS, api.settings()).open() as connection:
        with pytest.raises(NotSent):
            await connection.create("web", "\ud800.example.com")
    assert api.requests == []


@pytest.mark.anyio
async def test_a_create_that_the_proxy_refuses_is_not_sent() -> None:
    with listening() as proxy:
        settings = HttpSettings("https://imgwire.invalid", AllowedCalls.WRITE, environ={"HTTPS_PROXY": proxy.url})
        proxy.answer = lambda _: (407, {}, b"")
        async with HttpBackend(CREDENTIALS, settings).open() as connection:
            with pytest.raises(NotSent, match="407"):
                await connection.create("web", "web.example.com")
    assert [method for method, _, _ in proxy.heard] == ["CONNECT"]
