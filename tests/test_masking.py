"""No API key leaves the process, however it is written."""

from __future__ import annotations

import base64
import json
from html import escape
from urllib.parse import quote

import pytest

from reconciler.model import masking
from reconciler.model.environments import Secret
from reconciler.model.masking import MASK, mask_keys, register_keys
from reconciler.render.markup import prose

ORDINARY = "sk_live_masked-by-test"
OPAQUE = 'op"aque\\këy <1> _x_'


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """These keys alone, whatever other tests of this process have registered."""
    monkeypatch.setattr(masking, "_keys", type(masking._keys)())
    register_keys([Secret(ORDINARY), Secret(OPAQUE), Secret("short")])


def base64_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("key", [ORDINARY, OPAQUE], ids=["ordinary", "opaque"])
@pytest.mark.parametrize(
    "written",
    [str, repr, json.dumps, escape, quote, prose, base64_of, lambda key: repr(key.encode()), lambda key: f"x-{key}-y"],
    ids=["plain", "repr", "JSON", "HTML", "URL", "Markdown", "Base64", "bytes", "inside a word"],
)
def test_a_registered_key_is_masked_however_it_is_written(key: str, written: object) -> None:
    assert callable(written)
    masked = mask_keys(f"before {written(key)} after")
    assert MASK in masked
    assert masked.startswith("before ")
    assert masked.rstrip("y-").endswith("after")
    for part in ("live", "aque", "masked", written(key)):
        assert part not in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Bearer sk_other.", "Bearer [key]."),
        ("key=ck_other&x", "key=[key]&x"),
        ("https://x.example/sk_other", "https://x.example/[key]"),
        ("%3Dsk%5Fother", "%3D[key]"),
        ('"line\\nsk_other"', '"line\\n[key]"'),
        ("sk\\_other", "[key]"),
        (base64_of("sk_other_key"), "[key]"),
        (base64_of("Bearer sk_other_key"), "[key]"),
        (f"Basic {base64_of('ab:sk_other_key:')}", "Basic [key]"),
        (f"x-{base64_of('user:ck_other_key')}", "[key]"),
        (base64.urlsafe_b64encode(b"???:sk_other_key").decode(), "[key]"),
        (b"sk_other_key".hex(), "[key]"),
        (b"sk_other_key".hex().upper(), "[key]"),
    ],
)
def test_a_key_that_is_not_known_is_masked_by_its_form(text: str, masked: str) -> None:
    assert mask_keys(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "za1-images-production",
        "NrX0123456789abc",
        "c2tf-images",
        "²za1cdn²",
        "sha256:a736b5f6" + "61" * 28,
        "use an `sk_` key",
        "sk_…",
        "sk_...",
        "task_1",
        "disk_full",
        "web-sk_1",
        "short",
    ],
)
def test_a_text_without_a_key_stays_as_it_is(text: str) -> None:
    assert mask_keys(text) == text


@pytest.mark.parametrize("before", ["", "a", "ab", "Bearer "])
@pytest.mark.parametrize("after", ["", ":", ":password"])
@pytest.mark.parametrize("key", [ORDINARY, OPAQUE], ids=["ordinary", "opaque"])
def test_a_registered_key_is_masked_inside_a_longer_text_in_base64(key: str, before: str, after: str) -> None:
    before = before and f"{before}:"
    masked = mask_keys(base64_of(before + key + after))
    assert MASK in masked
    left = masked.replace(MASK, "")
    assert len(left) <= len(base64_of(before)) + len(base64_of(after)) + 6


@pytest.mark.parametrize(
    "write", [lambda key: key.encode().hex(), lambda key: "".join(f"%{o:02x}" for o in key.encode())]
)
def test_an_opaque_key_is_masked_in_hexadecimal(write: object) -> None:
    assert callable(write)
    assert mask_keys(f"before {write(OPAQUE)} after") == f"before {MASK} after"
