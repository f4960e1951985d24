"""Values that the API has not given yet: shown as unknown, and in the way of nothing but what needs them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from samples import domain

from cli.stage import key

if TYPE_CHECKING:
    from email.message import Message

    from cli.listener import Listener
    from cli.stage import Stage

NOT_KNOWN = "not known yet"
ABSENT = {"detail": "Custom domain not found", "error_type": "ResourceNotFoundError"}


class Environment:
    """The custom domain of one Environment, with the values in `unknown` replaced in every record."""

    def __init__(self, listener: Listener, hostname: str, **unknown: Any) -> None:
        self._listener = listener
        self._unknown = unknown
        self.record: dict[str, Any] | None = self._domain(hostname)
        listener.answer = self._answer

    def _domain(self, hostname: str) -> dict[str, Any]:
        return {**domain("web", hostname, status="PENDING", certificate_status="PENDING").as_dict(), **self._unknown}

    def _answer(self, _headers: Message) -> tuple[int, dict[str, str], bytes]:
        method, path, _ = self._listener.heard[-1]
        if method == "DELETE":
            self.record = None
            return 200, {}, b"{}"
        if method == "POST" and not path.endswith("test_connection"):
            self.record = self._domain("new.example.com")
        if self.record is None:
            return 404, {}, json.dumps(ABSENT).encode()
        return 200, {}, json.dumps(self.record).encode()


@pytest.fixture
def web(stage: Stage, listener: Listener) -> Stage:
    stage.set("IMGWIRE_API_BASE_URL", listener.url)
    stage.set("IMGWIRE_API_KEY_WEB", key("web"))
    stage.manifest(web="img.example.com")
    return stage


@pytest.mark.parametrize("unknown", [None, ""], ids=["null", "empty"])
def test_dns_show_prints_a_target_that_is_not_known_yet_as_such(web: Stage, listener: Listener, unknown: Any) -> None:
    Environment(listener, "img.example.com", dcv_cname_value=unknown)
    shown = web.run("dns", "show")
    assert shown.code == 0
    assert f"_acme-challenge.img.example.com.  CNAME  {NOT_KNOWN}" in shown.out
    assert "cdn-proxy.imgwire.dev." in shown.out
    bind = web.run("dns", "show", "--format", "bind")
    assert f"; the value of the validation record of img.example.com is {NOT_KNOWN}" in bind.out.splitlines()
    assert "img.example.com. IN CNAME cdn-proxy.imgwire.dev." in bind.out
    octodns = web.run("dns", "show", "--format", "octodns")
    assert f"# left out, the value of the validation record of img.example.com is {NOT_KNOWN}: web" in octodns.out
    values = {item["purpose"]: item["value"] for item in web.run("dns", "show", "--format", "json").document["dns"]}
    assert values == {"routing": "cdn-proxy.imgwire.dev", "validation": None}


def test_a_record_with_nothing_but_ids_and_a_hostname_is_readable(web: Stage, listener: Listener) -> None:
    environment = Environment(listener, "img.example.com")
    assert environment.record is not None
    environment.record = {name: environment.record[name] for name in ("id", "environment_id", "hostname")}
    status = web.run("status")
    assert status.code == 0
    assert f"web          waiting  {NOT_KNOWN} / {NOT_KNOWN}  img.example.com" in status.out
    [item] = web.run("plan", "--format", "json").document["environments"]
    assert (item["action"], item["live"]["status"], item["live"]["cname_value"]) == ("verify", None, None)
    for command in (["plan"], ["drift"], ["verify"], ["dns", "check"], ["status", "--format", "markdown"]):
        assert "None" not in (said := web.run(*command)).out + said.err


def test_a_replace_is_done_though_the_new_record_has_no_validation_target(web: Stage, listener: Listener) -> None:
    Environment(listener, "old.example.com", dcv_cname_value=None)
    web.manifest(web="new.example.com")
    applied = web.run("apply", "--auto-approve")
    assert applied.code == 0
    assert "done     create  web  new.example.com" in applied.err
    assert f"_acme-challenge.new.example.com.  CNAME  {NOT_KNOWN}" in applied.out
    again = web.run("plan", "--detailed-exitcode")
    assert again.code == 0
