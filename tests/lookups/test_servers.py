"""What may follow `--dns-server`."""

from __future__ import annotations

import pytest

from reconciler.dns.servers import Server, parse_server


@pytest.mark.parametrize(
    ("text", "expected", "shown"),
    [
        ("192.0.2.53", Server("192.0.2.53", 53), "192.0.2.53"),
        ("192.0.2.53:5353", Server("192.0.2.53", 5353), "192.0.2.53:5353"),
        ("2001:db8::53", Server("2001:db8::53", 53), "2001:db8::53"),
        ("[2001:db8::53]", Server("2001:db8::53", 53), "2001:db8::53"),
        ("[2001:db8::53]:5353", Server("2001:db8::53", 5353), "[2001:db8::53]:5353"),
    ],
)
def test_an_address_may_have_a_port(text: str, expected: Server, shown: str) -> None:
    assert parse_server(text) == expected
    assert str(expected) == shown
    assert parse_server(shown) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ns.example.com",
        "192.0.2.53:",
        "192.0.2.53:0",
        "192.0.2.53:65536",
        "192.0.2.53:domain",
        "192.0.2.53:٥٣",
        "[192.0.2.53",
        "[2001:db8::53]5353",
        "[2001:db8::53]:",
        "192.0.2",
        "1.1.1.1 8.8.8.8",
    ],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not ADDRESS\[:PORT\] with an IP address"):
        parse_server(text)
