"""What is sent, to whom, and what never is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import httpx
import pytest
from samples import domain, uid

from cli.stage import CANARY, DOMAIN, TEST, key
from reconciler import __version__
from reconciler.api.backend import AllowedCalls, HttpBackend, HttpSettings
from reconciler.api.client import ForbiddenCall
from reconciler.model.environments import Credential, Secret

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cli.listener import Listener
    from cli.stage import Stage
    from reconciler.api.backend import Writer

OLD, NEW = "old.example.com", "new.example.com"


def different(stage: Stage) -> None:
    """Everything that could tempt a command to write."""
    stage.environment("fresh")
    stage.environment("gone", "gone.example.com")
    stage.environment("slow", "slow.example.com", status="PENDING")
    stage.environment("web", OLD)
    stage.manifest(fresh="fresh.example.com", gone=None, slow="slow.example.com", web=NEW)


@pytest.mark.parametrize(
    "command", [["plan"], ["plan", "--out", "plan.json"], ["drift"], ["status"], ["dns", "show"]], ids=" ".join
)
def test_reading_commands_send_nothing_but_get(stage: Stage, command: list[str]) -> None:
    different(stage)
    stage.run(*command)
    assert stage.sent() == [("GET", DOMAIN)] * 4


def test_verify_sends_nothing_but_get_and_test_connection(stage: Stage) -> None:
    different(stage)
    stage.run("verify")
    assert set(stage.sent()) <= {("GET", DOMAIN), ("POST", TEST)}
    assert stage.live("web") == OLD


@pytest.mark.parametrize("command", [["validate"], ["schema", "plan"], ["init", "new.yaml"], ["--help"]], ids=" ".join)
def test_commands_without_network_send_nothing(stage: Stage, command: list[str]) -> None:
    different(stage)
    assert stage.run(*command).code == 0
    assert stage.sent() == []


CALLS: dict[str, Callable[[Writer], Awaitable[object]]] = {
    "create": lambda api: api.create("web", NEW),
    "delete": lambda api: api.delete("web"),
    "test_connection": lambda api: api.test_connection("web"),
}


@pytest.mark.parametrize(
    ("access", "call"),
    [
        (AllowedCalls.READ, "create"),
        (AllowedCalls.READ, "delete"),
        (AllowedCalls.READ, "test_connection"),
        (AllowedCalls.TEST, "create"),
        (AllowedCalls.TEST, "delete"),
    ],
)
def test_the_client_refuses_what_a_command_may_not_send(access: AllowedCalls, call: str) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    settings = HttpSettings("https://api.imgwire.dev", access, transport=httpx.MockTransport(answer))

    async def ask() -> None:
        async with HttpBackend({"web": Credential(Secret("sk_any"))}, settings).open() as api:
            await CALLS[call](api)

    with pytest.raises(ForbiddenCall):
        asyncio.run(ask())
    assert sent == []


def test_a_request_says_who_asks_and_carries_the_key_of_its_environment_alone(stage: Stage, listener: Listener) -> None:
    stage.environment("web")
    stage.manifest(web={"hostname": NEW, "environment_id": uid("web")})
    assert stage.run("plan", "--api-url", f"{listener.url}/").code == 0
    ((method, path, headers),) = listener.heard
    assert (method, path) == ("GET", DOMAIN)
    assert headers["User-Agent"] == f"imgwire-reconciler/{__version__}"
    assert headers["Authorization"] == f"Bearer {key('web')}"
    assert headers["X-Environment-Id"] is None


def test_the_environment_id_is_sent_where_it_was_asked_for(stage: Stage, listener: Listener) -> None:
    stage.set("IMGWIRE_SHARED", key("shared"))
    stage.manifest(
        **{
            name: {
                "hostname": f"{name}.example.com",
                "environment_id": uid(name),
                "send_environment_id": True,
                "api_key": {"env": "IMGWIRE_SHARED"},
            }
            for name in ("blog", "web")
        }
    )
    assert stage.run("plan", "--api-url", listener.url).code == 0
    assert {headers["X-Environment-Id"] for _, _, headers in listener.heard} == {uid("blog"), uid("web")}
    assert {headers["Authorization"] for _, _, headers in listener.heard} == {f"Bearer {key('shared')}"}


def test_the_url_on_the_command_line_wins_over_the_variable_and_that_over_the_manifest(
    stage: Stage, listener: Listener
) -> None:
    stage.environment("web")
    stage.write(
        "imgwire.yaml",
        f'{{"version": 1, "api": {{"base_url": "{listener.url}"}}, "environments": {{"web": "{NEW}"}}}}',
    )
    assert stage.run("plan", "--format", "json").document["source"]["api_url"] == stage.url
    assert listener.heard == []
    stage.unset("IMGWIRE_API_BASE_URL")
    assert stage.run("plan", "--format", "json").document["source"]["api_url"] == listener.url
    assert len(listener.heard) == 1
    stage.world.log.clear()
    assert stage.run("plan", "--api-url", stage.url).code == 0
    assert (len(listener.heard), len(stage.sent())) == (1, 1)


@pytest.mark.parametrize("where", ["option", "variable", "manifest"])
def test_a_key_never_travels_in_the_clear(stage: Stage, where: str) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    plain = "http://api.imgwire.example"
    if where == "option":
        ended = stage.run("plan", "--api-url", plain)
        assert ended.code == 64
    elif where == "variable":
        stage.set("IMGWIRE_API_BASE_URL", plain)
        ended = stage.run("plan")
        assert ended.code == 64
    else:
        stage.unset("IMGWIRE_API_BASE_URL")
        stage.write("imgwire.yaml", f"version: 1\napi: {{base_url: '{plain}'}}\nenvironments: {{web: {NEW}}}\n")
        ended = stage.run("plan")
        assert ended.code == 65
        assert "error[insecure-base-url]" in ended.err
    assert "http" in ended.err


def test_a_proxy_never_sees_what_goes_to_loopback(stage: Stage, listener: Listener) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        stage.set(name, listener.url)
    assert stage.run("plan").code == 0
    assert listener.heard == []
    assert len(stage.sent()) == 1


def test_https_goes_through_the_proxy_unless_it_is_named_in_no_proxy(stage: Stage, listener: Listener) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    stage.set("HTTPS_PROXY", listener.url)
    listener.answer = lambda _: (502, {}, b"")
    ask = ("plan", "--retries", "0", "--timeout", "5", "--api-url", "https://imgwire.invalid:8443")
    assert stage.run(*ask).code == 8
    assert [(method, path) for method, path, _ in listener.heard] == [("CONNECT", "imgwire.invalid:8443")]
    assert listener.heard[0][2]["Authorization"] is None
    stage.set("NO_PROXY", "imgwire.invalid")
    assert stage.run(*ask).code == 8
    assert len(listener.heard) == 1


def test_a_redirect_is_told_and_not_followed(stage: Stage, listener: Listener) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    target = f"{stage.url}{DOMAIN}"
    listener.answer = lambda _: (308, {"Location": f"{target}?token=secret"}, b"")
    ended = stage.run("plan", "--api-url", listener.url)
    assert ended.code == 8
    assert f"308, a redirect to {target}" in " ".join(ended.out.split())
    assert "token=secret" not in ended.out + ended.err
    assert stage.sent() == []


@pytest.mark.parametrize("command", [["plan"], ["status"], ["drift"], ["verify"], ["dns", "show"], ["plan", "-vv"]])
@pytest.mark.parametrize("status", [200, 302, 400, 401, 404, 409, 429, 500])
def test_a_server_that_echoes_the_key_does_not_bring_it_into_any_output(
    stage: Stage, listener: Listener, command: list[str], status: int
) -> None:
    """The stage looks for the key in everything that is said and written."""
    stage.environment("web")
    stage.manifest(web=NEW)
    echo = {"detail": f"bad {key('web')}", "error_type": f"Error{key('web')}"}
    body = json.dumps({**domain("web", NEW).as_dict(), "status": key("web"), "new": key("web"), **echo}).encode()
    echoed = {"Location": f"https://{key('web')}.example/{key('web')}", "Content-Type": key("web")}
    listener.answer = lambda headers: (status, {**echoed, "X-Echo": headers["Authorization"]}, body)
    options = ("--api-url", listener.url, "--retries", "0", "--report", "json=report.json")
    ended = stage.run(*command, *options)
    assert CANARY.encode() in body
    assert listener.heard
    assert ended.code in {0, 1, 3, 7, 8}


def test_not_even_in_another_spelling(stage: Stage, listener: Listener) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    spelled = "".join(f"\\u{ord(character):04x}" for character in key("web"))
    listener.answer = lambda _: (400, {}, f'{{"detail": "bad {spelled}", "error_type": "{spelled}"}}'.encode())
    assert stage.run("plan", "--api-url", listener.url, "--format", "json").code == 8
    assert "bad" in stage.run("plan", "--api-url", listener.url).out


def test_a_key_that_cannot_be_sent_is_not_shown_either(stage: Stage) -> None:
    stage.set("IMGWIRE_API_KEY_WEB", f"sk_{CANARY}\nwith a line break")
    stage.manifest(web=NEW)
    assert stage.run("plan", "-vv").code == 7


def test_a_key_in_a_manifest_is_refused_without_showing_it(stage: Stage) -> None:
    stage.world.log.clear()
    text = f"version: 1\nenvironments:\n  web: {{hostname: {NEW}, api_key: {key('web')}}}\n"
    ended = stage.spawn("validate", "-f", "-", stdin=text)
    assert (ended.code, ended.out.count("error[inline-api-key]")) == (65, 1)
