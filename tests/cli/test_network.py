"""Where requests go, and what happens when they cannot get there."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest

from cli.stage import key

if TYPE_CHECKING:
    import ssl

    from api.servers import Authority

    from cli.listener import Listener
    from cli.stage import Stage

NEW = "new.example.com"
NAMED = "https://imgwire.invalid"


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web")
    stage.manifest(web=NEW)
    return stage


def test_without_any_setting_requests_go_to_the_default_url(web: Stage, listener: Listener) -> None:
    web.unset("IMGWIRE_API_BASE_URL")
    web.set("HTTPS_PROXY", listener.url)
    listener.answer = lambda _: (502, {}, b"")
    document = web.run("plan", "--retries", "0", "--format", "json").document
    assert (document["exit_code"], document["source"]["api_url"]) == (8, "https://api.imgwire.dev")
    assert [(method, path) for method, path, _ in listener.heard] == [("CONNECT", "api.imgwire.dev:443")]


def test_an_empty_variable_counts_as_not_set(web: Stage, listener: Listener) -> None:
    web.set("IMGWIRE_API_BASE_URL", " ")
    web.set("HTTPS_PROXY", listener.url)
    listener.answer = lambda _: (502, {}, b"")
    assert web.run("plan", "--retries", "0").code == 8
    assert [path for _, path, _ in listener.heard] == ["api.imgwire.dev:443"]


@pytest.mark.parametrize("command", [["verify"], ["verify", "--no-dns"], ["status"], ["drift"]], ids=" ".join)
def test_an_api_host_may_be_a_name(web: Stage, listener: Listener, command: list[str]) -> None:
    web.set("HTTPS_PROXY", listener.url)
    listener.answer = lambda _: (502, {}, b"")
    ended = web.run(*command, "--retries", "0", "--api-url", NAMED, "--format", "json")
    assert (ended.code, ended.document["environments"][0]["error"]["kind"]) == (8, "not_sent")


def test_a_proxy_that_refuses_to_connect_means_that_nothing_was_sent(web: Stage, listener: Listener) -> None:
    web.set("HTTPS_PROXY", listener.url)
    listener.answer = lambda _: (407, {"Proxy-Authenticate": "Basic"}, b"")
    document = web.run("plan", "--retries", "0", "--api-url", NAMED, "--format", "json").document
    assert (document["exit_code"], document["environments"][0]["error"]["kind"]) == (8, "not_sent")
    assert "407" in document["environments"][0]["error"]["message"]


def test_a_proxy_of_an_unknown_kind_is_an_error_and_no_crash(web: Stage) -> None:
    web.set("ALL_PROXY", "socks4://127.0.0.1:9")
    document = web.run("plan", "--retries", "0", "--api-url", NAMED, "--format", "json").document
    assert (document["exit_code"], document["reason"]) == (8, "not_sent")
    assert document["message"] == "the proxy cannot be used: ALL_PROXY is not the address of a proxy"


def test_the_end_of_an_https_proxy_within_a_tunnel_is_no_crash(web: Stage, authority: Authority) -> None:
    """asyncio fails on TLS within TLS that ends in the handshake, in a callback of its own."""
    with authority.server.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True) as listener:
        threading.Thread(target=_end_a_tunnel, args=(listener,), daemon=True).start()
        web.set("HTTPS_PROXY", f"https://localhost:{listener.getsockname()[1]}")
        web.set("SSL_CERT_FILE", str(authority.certificates))
        ended = web.run("plan", "--retries", "0", "--api-url", NAMED, "--format", "json")
    assert (ended.code, ended.document["environments"][0]["error"]["kind"]) == (8, "not_sent")
    assert "Traceback" not in ended.err


def _end_a_tunnel(listener: ssl.SSLSocket) -> None:
    connection, _ = listener.accept()
    with connection:
        while b"\r\n\r\n" not in connection.recv(65536):
            pass
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")


def test_no_proxy_with_an_ipv6_range_breaks_no_request(web: Stage) -> None:
    web.set("NO_PROXY", "fd07::/64,[::1],*.corp.example")
    assert web.run("plan").code == 0


@pytest.mark.parametrize(
    "retry_after",
    [
        "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 9999 00:00:00 GMT",
        "99999999999999999999999999",
        "-1",
        "1e400",
        "soon",
    ],
)
def test_no_retry_after_header_crashes_the_tool(web: Stage, listener: Listener, retry_after: str) -> None:
    listener.answer = lambda _: (429, {"Retry-After": retry_after}, b"{}")
    ended = web.run("plan", "--retries", "0", "--api-url", listener.url, "--format", "json")
    assert (ended.code, ended.document["reason"]) == (8, "unreadable")
    assert ended.document["environments"][0]["error"]["status"] == 429


def test_the_advice_on_the_shared_variable_is_given_where_it_is_set_and_only_there(web: Stage) -> None:
    """`IMGWIRE_API_KEY` serves a manifest with one environment only."""
    web.unset("IMGWIRE_API_KEY_WEB")

    def advice(**environments: str) -> list[bool]:
        web.manifest(**environments)
        diagnostics = web.run("plan", "--format", "json").document["diagnostics"]
        assert {item["code"] for item in diagnostics} == {"key-missing"}
        return ["IMGWIRE_API_KEY is" in item["message"] for item in diagnostics]

    assert advice(web=NEW, blog="blog.example.com") == [False, False]
    web.set("IMGWIRE_API_KEY", key("web"))
    assert advice(web=NEW, blog="blog.example.com") == [True, True]
    web.manifest(web=NEW)
    assert web.run("plan").code == 0


def test_a_selection_warns_about_environments_left_out_that_cannot_be_read(stage: Stage) -> None:
    for name in ("blog", "shop", "web"):
        stage.environment(name)
    stage.unset("IMGWIRE_API_KEY_SHOP")
    stage.manifest(blog="blog.example.com", shop="shop.example.com", web=NEW)
    ended = stage.run("plan", "--env", "web", "--format", "json")
    assert (ended.code, ended.err.count("warning")) == (0, 1)
    assert "1 " in ended.err
    stage.set("IMGWIRE_API_KEY_SHOP", key("shop"))
    assert stage.run("plan", "--env", "web", "--format", "json").err == ""
