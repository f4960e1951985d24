# ruff: noqa: RUF001
from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from reconciler.manifest.codes import Code
from reconciler.manifest.hostnames import HostnameError, normalise
from reconciler.model.hostnames import unicode_form

INVALID, APEX, SUFFIX = Code.INVALID_HOSTNAME, Code.APEX_HOSTNAME, Code.PUBLIC_SUFFIX
SENT = re.compile(r"(?=.{1,237}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.){2,}(?!-)[a-z0-9-]{1,63}(?<!-)")
LABEL_63 = "a" * 63

ACCEPTED = [
    ("images.example.com", "images.example.com"),
    ("IMAGES.Example.COM", "images.example.com"),
    ("images.example.com.", "images.example.com"),
    ("a.b.c.d.example.com", "a.b.c.d.example.com"),
    ("1.example.com", "1.example.com"),
    ("3com.example.com", "3com.example.com"),  # RFC 1123, 2.1: a label may begin with a digit
    (f"{LABEL_63}.example.com", f"{LABEL_63}.example.com"),  # RFC 1035, 2.3.4: 63 octets
    (".".join([LABEL_63] * 3 + ["a" * 33, "example.com"]), ".".join([LABEL_63] * 3 + ["a" * 33, "example.com"])),  # 237
    ("a--b.example.com", "a--b.example.com"),  # RFC 5891, 4.2.3.1 is about the third and fourth place
    ("bücher.example.com", "xn--bcher-kva.example.com"),
    ("BÜCHER.example.com", "xn--bcher-kva.example.com"),
    ("bu\u0308cher.example.com", "xn--bcher-kva.example.com"),  # UTS 46: normalisation form C
    ("xn--bcher-kva.example.com", "xn--bcher-kva.example.com"),
    ("XN--BCHER-KVA.example.com", "xn--bcher-kva.example.com"),
    ("faß.example.com", "xn--fa-hia.example.com"),  # UTS 46 without transitional processing: IDNA 2008
    ("βόλος.example.com", "xn--nxasmm1c.example.com"),
    ("images。example．com", "images.example.com"),  # UTS 46: full stops of other scripts
    ("ｉｍａｇｅｓ.example.com", "images.example.com"),  # UTS 46: full width
    ("例え.テスト.jp", "xn--r8jz45g.xn--zckzah.jp"),
    ("क्\u200dष.example.com", "xn--11b2ezcw70k.example.com"),  # RFC 5892, A.2: a joiner after a virama
    ("l\u00b7l.example.com", "xn--ll-0ea.example.com"),  # RFC 5892, A.3: a middle dot between two l
    ("images.example.unlisted", "images.example.unlisted"),
    ("www.city.kobe.jp", "www.city.kobe.jp"),
    ("a.b.c.kobe.jp", "a.b.c.kobe.jp"),
    ("images.example.github.io", "images.example.github.io"),
]

REFUSED = [
    ("", INVALID, "empty"),
    (" ", INVALID, "empty"),
    (".", INVALID, "empty label"),
    ("images", INVALID, "no dot"),
    ("com", INVALID, "no dot"),
    ("images..example.com", INVALID, "empty label"),
    (".images.example.com", INVALID, "empty label"),
    ("images.example.com..", INVALID, "empty label"),
    ("https://images.example.com", INVALID, "scheme"),
    ("HTTP://images.example.com/", INVALID, "scheme"),
    ("https:images.example.com", INVALID, "colon"),
    ("//images.example.com", INVALID, "`//`"),
    ("images.example.com/", INVALID, "path"),
    ("images.example.com\\x", INVALID, "path"),
    ("images.example.com?a=b", INVALID, "query"),
    ("images.example.com#a", INVALID, "fragment"),
    ("me@images.example.com", INVALID, "user information"),
    ("images.example.com:443", INVALID, "port"),
    ("images.example.com:", INVALID, "port"),
    (" images.example.com", INVALID, "white space around"),
    ("images.example.com\u00a0", INVALID, "white space around"),
    ("images .example.com", INVALID, "white space in"),
    ("images\n.example.com", INVALID, "control character U+000A"),
    ("images\x00.example.com", INVALID, "control character U+0000"),
    ("images\x7f.example.com", INVALID, "control character U+007F"),
    ("images\x85.example.com", INVALID, "control character U+0085"),
    ("*.example.com", INVALID, "wildcard"),
    ("im*.example.com", INVALID, "wildcard"),
    ("192.0.2.1", INVALID, "IP address (v4)"),
    ("192.0.2.1:80", INVALID, "IP address (v4)"),
    ("１９２.0.2.1", INVALID, "IP address (v4)"),
    ("192.0.2.0x1", INVALID, "IP address (v4)"),
    ("256.0.2.1", INVALID, "IP address (v4)"),
    ("images.example.123", INVALID, "IP address (v4)"),
    ("::1", INVALID, "IP address (v6)"),
    ("2001:db8::192.0.2.1", INVALID, "IP address (v6)"),
    ("[2001:db8::1]", INVALID, "IP address (v6)"),
    ("fe80::1%eth0", INVALID, "IP address (v6)"),
    (f"{LABEL_63}a.example.com", INVALID, "64 octets"),
    ("ü" * 60 + ".example.com", INVALID, "too many octets"),
    (
        ".".join([LABEL_63] * 3 + ["a" * 34, "example.com"]),
        INVALID,
        "238 octets, more than 237: `_acme-challenge.`",
    ),
    (".".join([LABEL_63] * 3 + ["a" * 49, "example.com"]), INVALID, "253 octets, more than 237"),
    (".".join([LABEL_63] * 3 + ["a" * 50, "example.com"]), INVALID, "254 octets, more than 253"),
    ("a" * 2000 + ".com", INVALID, "2004 characters"),
    ("-images.example.com", INVALID, "hyphen"),
    ("images-.example.com", INVALID, "hyphen"),
    ("-.example.com", INVALID, "hyphen"),
    ("ab--cd.example.com", INVALID, "third and fourth characters"),
    ("images_1.example.com", INVALID, "underscore"),
    ("_acme-challenge.images.example.com", INVALID, "underscore"),
    ("images!.example.com", INVALID, "`!`"),
    ("im%61ges.example.com", INVALID, "`%`"),
    ("☕.example.com", INVALID, "U+2615"),
    ("i❤.example.com", INVALID, "U+2764"),
    ("images\u202e.example.com", INVALID, "U+202E"),
    ("a\u200db.example.com", INVALID, "not a valid label"),  # RFC 5892, A.2: a joiner without a virama
    ("a\u00b7b.example.com", INVALID, "not a valid label"),
    ("\u0301a.example.com", INVALID, "not a valid label"),  # RFC 5891, 4.2.3.2: a combining mark first
    ("א1a.example.com", INVALID, "not a valid label"),  # RFC 5893: directions mixed
    ("xn--.example.com", INVALID, "hyphen"),
    ("xn--abc.example.com", INVALID, "U+0082"),
    ("xn---bbk.example.com", INVALID, "not a valid IDNA label"),  # RFC 5891, 5.3: not the canonical A-label
    ("xn--BCHER-KVA\u0308.example.com", INVALID, "not a valid IDNA label"),
    ("\ud800.example.com", INVALID, "U+D800"),
    ("example.com", APEX, "registrable"),
    ("EXAMPLE.com.", APEX, "registrable"),
    ("example.co.uk", APEX, "registrable"),
    ("example.github.io", APEX, "registrable"),  # the private section
    ("example.unlisted", APEX, "registrable"),
    ("city.kobe.jp", APEX, "registrable"),
    ("bücher.de", APEX, "`bücher.de`"),
    ("co.uk", SUFFIX, "public suffix"),
    ("github.io", SUFFIX, "public suffix"),
    ("anything.kobe.jp", SUFFIX, "public suffix"),
    ("公司.cn", SUFFIX, "`公司.cn`"),
]


def ids(rows: list[tuple[str, ...]]) -> list[str]:
    return [ascii(row[0])[1:41] for row in rows]


@pytest.mark.parametrize(("text", "sent"), ACCEPTED, ids=ids(ACCEPTED))
def test_a_good_name_has_one_form(text: str, sent: str) -> None:
    assert normalise(text) == sent


@pytest.mark.parametrize(("text", "code", "why"), REFUSED, ids=ids(REFUSED))
def test_a_bad_name_is_refused_for_its_reason(text: str, code: Code, why: str) -> None:
    with pytest.raises(HostnameError) as refused:
        normalise(text)
    assert refused.value.code == code
    assert why in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    ["https://images.example.com/a?b#c", "images.example.com:443", " images.example.com ", "u:p@images.example.com"],
)
def test_the_hint_suggests_the_name_inside_a_url(text: str) -> None:
    with pytest.raises(HostnameError) as refused:
        normalise(text)
    assert refused.value.hint == "write `images.example.com`"


def published_vectors() -> list[tuple[str, str | None]]:
    """checkPublicSuffix(domain, registrable domain or null) of the Public Suffix List's own test file (public domain)."""
    text = (Path(__file__).parents[1] / "cases" / "hostnames" / "test_psl.txt").read_text(encoding="utf-8")
    found = re.findall(r"^checkPublicSuffix\('([^']*)', (?:null|'([^']*)')\);", text, re.MULTILINE)
    return [(domain, registrable or None) for domain, registrable in found]


@pytest.mark.parametrize(("domain", "registrable"), published_vectors())
def test_the_public_suffix_lists_own_vectors_hold(domain: str, registrable: str | None) -> None:
    def verdict() -> str:
        try:
            return "below " + unicode_form(normalise(domain))
        except HostnameError as refused:
            return refused.code

    if domain.startswith(".") or "." not in domain:
        assert verdict() == INVALID
    elif registrable is None:
        assert verdict() == SUFFIX
    elif unicode_form(domain.lower()) == unicode_form(registrable):
        assert verdict() == APEX
    else:
        assert verdict() == "below " + unicode_form(domain.lower())


def test_the_vectors_are_all_read() -> None:
    assert len(published_vectors()) >= 75


LABELS = st.one_of(
    st.text("abcxyzABC019-", min_size=1, max_size=12),
    st.text(min_size=1, max_size=6),
    st.sampled_from(["bücher", "faß", "例え", "xn--bcher-kva", "example", "www", "a_b", "１", "ﬁ", "\u0130", "K"]),
)
ENDS = st.sampled_from(
    ["com", "co.uk", "github.io", "example.com", "jp", "kobe.jp", "公司.cn", "example", "1", "рф", "xn--p1ai."]
)
NAMES = st.builds(lambda labels, end: ".".join([*labels, end]), st.lists(LABELS, max_size=4), ENDS)


@given(st.one_of(NAMES, st.text(max_size=300)))
def test_a_normalised_name_is_valid_and_stays_the_same_when_normalised_again(
    text: str,
) -> None:
    try:
        sent = normalise(text)
    except HostnameError:
        return
    assert SENT.fullmatch(sent)
    registrable = _SUFFIXES.privatesuffix(sent)
    assert registrable is not None
    assert sent.endswith(f".{registrable}")
    assert normalise(sent) == sent
    assert normalise(unicode_form(sent)) == sent


_SUFFIXES = PublicSuffixList()
