from __future__ import annotations

import pytest

from reconciler.manifest.base_url import InsecureUrl, choose, parse

ACCEPTED = [
    ("https://api.imgwire.dev", "https://api.imgwire.dev"),
    ("https://api.imgwire.dev/", "https://api.imgwire.dev"),
    ("https://API.imgwire.dev///", "https://api.imgwire.dev"),
    ("HTTPS://api.imgwire.dev:8443/proxy/", "https://api.imgwire.dev:8443/proxy"),
    ("http://localhost:8787", "http://localhost:8787"),
    ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    ("http://127.9.9.9", "http://127.9.9.9"),
    ("http://[::1]:80/", "http://[::1]:80"),
]
INSECURE = [
    "http://emulator.localhost",
    "http://localhost.",
    "http://127.1",
    "http://api.imgwire.dev",
    "http://10.0.0.1",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://notlocalhost",
    "http://[::2]",
    "http://0.0.0.0",
    "http://2130706433",
]
NONSENSE = [
    "",
    "api.imgwire.dev",
    "ftp://api.imgwire.dev",
    "https://",
    "https:///path",
    "https://name:CANARY@api.imgwire.dev",
    "https://CANARY@api.imgwire.dev",
    "http://localhost\\@CANARY.example.com",
    "https://api.imgwire.dev?x=1",
    "https://api.imgwire.dev?",
    "https://api.imgwire.dev#",
    "https://api.imgwire.dev:port",
    "https://api.imgwire.dev:99999",
    "https://api imgwire.dev",
    "https://api.imgwire.dev\n",
    "https://api.imgwire.dev\x00",
    "https://[::1",
    "https://bücher.example",
    "javascript:alert(1)",
]


UNTRUSTED = [
    "https://collector.example.net",
    "https://imgwire.dev.example.com",
    "https://evilimgwire.dev",
    "https://10.0.0.1",
    "https://localhost.example.com",
    "https://emulator.localhost",
    "https://[::2]",
]


@pytest.mark.parametrize(("url", "expected"), ACCEPTED)
def test_a_good_base_url_has_one_form(url: str, expected: str) -> None:
    assert choose(url, {}, None) == expected
    assert choose(expected, {}, None) == expected
    assert parse(url).is_secure


@pytest.mark.parametrize("url", INSECURE)
def test_plain_http_is_for_loopback_only_unless_it_is_allowed(url: str) -> None:
    with pytest.raises(InsecureUrl, match=r"^--api-url: plain `http` sends API keys unencrypted$"):
        choose(url, {}, None)
    assert choose(url, {}, None, allow_http=True) == url


@pytest.mark.parametrize("url", NONSENSE)
def test_text_that_is_no_base_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as refused:
        parse(url)
    assert not isinstance(refused.value, InsecureUrl)
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize("url", UNTRUSTED)
def test_a_manifest_may_not_name_a_host_outside_imgwire_dev(url: str) -> None:
    assert not parse(url).is_trusted


@pytest.mark.parametrize(
    "url",
    [
        "https://imgwire.dev",
        "https://imgwire.dev.",
        "https://api.staging.imgwire.dev:8443/x",
        *(url for url, _ in ACCEPTED),
    ],
)
def test_a_manifest_may_name_imgwire_dev_and_this_machine(url: str) -> None:
    assert parse(url).is_trusted


def test_the_first_place_that_names_a_url_decides() -> None:
    environ = {"IMGWIRE_API_BASE_URL": " https://variable.example.com/\n"}
    assert choose("https://option.example.com", environ, "https://manifest.imgwire.dev") == "https://option.example.com"
    assert choose(None, environ, "https://manifest.imgwire.dev") == "https://variable.example.com"
    assert choose(None, {"IMGWIRE_API_BASE_URL": ""}, "https://manifest.imgwire.dev") == "https://manifest.imgwire.dev"
    assert choose(None, {}, None) == "https://api.imgwire.dev"


def test_a_message_names_the_place_of_a_bad_url() -> None:
    with pytest.raises(ValueError, match=r"^IMGWIRE_API_BASE_URL: a base URL starts with `https://`$"):
        choose(None, {"IMGWIRE_API_BASE_URL": "api.imgwire.dev"}, None)
