"""Whatever the bytes are, reading a manifest raises only InvalidInput, shows no key, and ends in bounded time.

A longer run: `pytest tests/manifest/test_fuzz.py --hypothesis-profile=long`.
One that is guided by coverage: `fuzz_atheris.py` beside this.
"""

from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.documents.diagnostics import diagnostic_object
from reconciler.manifest.loader import parse_documents
from reconciler.manifest.sources import ManifestFile
from reconciler.model.diagnostics import Diagnostic, InvalidInput
from reconciler.render.diagnostics import render_github, render_text
from reconciler.render.style import Style

CANARY = "CANARY-0123456789"
START = b"version: 1\nenvironments:\n"


def report(*texts: bytes) -> tuple[Diagnostic, ...]:
    """The diagnostics of these files, after a check that every format can show them."""
    try:
        found = parse_documents([ManifestFile(f"{number}.yaml", text) for number, text in enumerate(texts)]).warnings
    except InvalidInput as invalid:
        found = invalid.diagnostics
        assert found
    for diagnostic in found:
        assert diagnostic.source is None or len(diagnostic.source.text) <= 200
        assert len(diagnostic.message) <= 400
    text = (
        render_text(found, Style(width=80))
        + render_github(found)
        + json.dumps([diagnostic_object(item) for item in found])
    )
    assert all(line.isprintable() for line in text.split("\n"))
    return found


KEYS = [
    "version",
    "api",
    "limits",
    "defaults",
    "environments",
    "hostname",
    "environment_id",
    "api_key",
    "protect",
    "labels",
]
PIECES = st.sampled_from(
    [f"{key}: " for key in KEYS]
    + [
        "\n",
        "\n  ",
        "\n    ",
        "\n- ",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "? ",
        "- ",
        "#",
        "'",
        '"',
        "|\n",
        ">-\n",
        "\t",
        "\r\n",
    ]
    + [
        "&a ",
        "*a",
        "<<: ",
        "!!python/name:os.system ",
        "!x ",
        "%YAML 1.1",
        "---",
        "...",
        "\ufeff",
        "\u2028",
        "\x00",
        "é",
        "\\",
    ]
    + [
        "1",
        "null",
        "~",
        "true",
        "yes",
        "no",
        "2024-01-01",
        "1:30",
        ".inf",
        "images.example.com",
        "env: ",
        "file: ",
        "sk_live_1",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_no_arrangement_of_yaml_makes_reading_fail(text: str) -> None:
    report(text.encode())
    report(START + b"  a: " + text.encode())


@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
def test_no_bytes_make_reading_fail(data: bytes) -> None:
    report(data)
    report(START + data, data)


KEYED = st.sampled_from(
    ["api_key: {}", '"api_key": {}', "api_key: '{}'", 'api_key: "{}"', "api_key: |\n      {}", "api_key: >-\n\n      {}\n",
     "api_key: {{env: '{}'}}", "api_key: {{envv: {}}}", "api_key: [{}, x]", "api_key:\n      env: {}\n      foo: x",
     "api_key: {{file: {}, env: {}}}", "api-key: {}", "apikey: {}", "api_kye: {}", "token: {}", "? api_key\n    : {}",
     "api_key: !x {}", "api_key: &a {}", "api_key: \"{}", "api_key: '{}\n      {}", "api_key: {{env: {}", "api_key: {} # {}",
     "api_key: x # api_key: {}", '"api\\u005fkey": {}', "api_key: {}: {}", "api_key: [[{}], {{a: {}}}]"]
)  # fmt: skip


@given(KEYED, st.lists(st.one_of(KEYED, PIECES), max_size=5), st.booleans())
def test_no_arrangement_of_a_manifest_shows_a_key(key: str, others: list[str], first: bool) -> None:
    rest = [piece.format(CANARY, CANARY) if piece.count("{}") else piece for piece in others]
    body = "\n    ".join([key.format(CANARY, CANARY), *rest] if first else [*rest, key.format(CANARY, CANARY)])
    found = report(START + b"  production:\n    hostnam: x\n    " + body.encode() + b"\n    protect: maybe\n")
    shown = (
        render_text(found)
        + render_github(found)
        + json.dumps([diagnostic_object(item) for item in found])
        + repr(found)
    )
    assert CANARY not in shown


MIB = 1024 * 1024
BOMBS = {
    "aliases": b"a: &a [x, x]\n" + b"".join(b"%c: &%c [*%c, *%c]\n" % (c + 1, c + 1, c, c) for c in range(97, 121)),
    "brackets": START + b"  a: " + b"[" * 200_000,
    "braces": START + b"  a: " + b"{a: " * 200_000,
    "block nesting": b"".join(b" " * depth + b"a:\n" for depth in range(2000)),
    "block list nesting": b"- " * 200_000,
    "one long line": START + b"  a: " + b"x" * (8 * MIB),
    "one long key": b"x" * (8 * MIB) + b": 1",
    "one long quoted line": START + b'  a: "' + b"sk_x " * MIB + b'"',
    "one long line of keys": b"api_key:" * (MIB // 4),
    "one long comment": b"#" * (8 * MIB),
    "line breaks": b"\n" * (4 * MIB),
    "carriage returns": b"\r" * (4 * MIB),
    "quotes": b'"' * MIB,
    "question marks": b"? " * 100_000,
    "colons": b":\n" * 100_000,
    "anchors": b"&a " * 100_000,
    "many documents": b"---\n" * 500_000,
    "one key many times": b"a: 1\n" * 20_000,
    "one key many times in a line": b"{" + b"a: 1, " * 5_000 + b"}",
    "aliases in a line": b"[" + b"*a, " * 5_000 + b"]",
    "a big number": b"version: " + b"9" * MIB,
    "a big fraction": b"version: 1." + b"9" * MIB + b"e",
    "a base-60 number": b"version: " + b"1:" * (MIB // 2) + b"x",
    "dots": START + b"  a: " + b"a." * MIB,
    "hyphens": START + b"  a: " + b"xn--" * MIB,
    "wide letters": START + b"  a: " + "語.".encode() * (MIB // 4),
    "white space": START + b"  a: '" + b" " * (4 * MIB) + b"'",
    "many names": START + b"".join(b"  e%d: a_%d\n" % (number, number) for number in range(MIB // 8)),
    "many items": b"limits: {allowed_domains: [" + b"a.b," * 30_000 + b"]}\nenvironments: {}\n",
    "many short labels": START + b"".join(b"  e%d: '%s.com'\n" % (n, "\u044f.".encode() * 120) for n in range(2_000)),
    "long names": START + b"".join(b"  e%d: %s\n" % (n, "\u044f\u0431".encode() * 400) for n in range(2_000)),
    "invalid bytes": b"\xff" * (8 * MIB),
    "zeros": b"\x00" * (8 * MIB),
}


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_in_bounded_time(data: bytes) -> None:
    start = process_time()
    assert report(data)
    assert process_time() - start < 60  # seconds of CPU; most take a few hundredths, quadratic work would take minutes
