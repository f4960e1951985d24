from __future__ import annotations

import pytest

from reconciler.manifest.base_url import InsecureUrl, check

ACCEPTED = [
    ("https://api.imgwire.dev", "https://api.imgwire.dev"),
    ("https://api.imgwire.dev/", "https://api.imgwire.dev"),
    ("https://API.imgwire.dev///", "https://api.imgwire.dev"),
    ("HTTPS://api.imgwire.dev:8443/proxy/", "https://api.imgwire.dev:8443/proxy"),
    ("http://localhost:8787", "http://localhost:8787"),
    ("http://emulator.localhost", "http://emulator.localhost"),
    ("http://127.0.0.1:1", "http://127.0.0.1:1"),
    ("http://127.9.9.9", "http://127.9.9.9"),
    ("http://[::1]:80/", "http://[::1]:80"),
]
INSECURE = [
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


@pytest.mark.parametrize(("url", "expected"), ACCEPTED)
def test_a_good_base_url_has_one_form(url: str, expected: str) -> None:
    assert check(url) == expected
    assert check(expected) == expected


@pytest.mark.parametrize("url", INSECURE)
def test_plain_http_is_for_loopback_only(url: str) -> None:
    with pytest.raises(InsecureUrl):
        check(url)


@pytest.mark.parametrize("url", NONSENSE)
def test_what_is_no_base_url_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as refused:
        check(url)
    assert not isinstance(refused.value, InsecureUrl)
    assert "CANARY" not in str(refused.value)
