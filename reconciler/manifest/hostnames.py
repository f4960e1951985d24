"""Rules for hostnames of custom domains, and the form in which they are compared and sent.

The rules are Imgwire's (troubleshooting guide, custom domains: a bare subdomain, no apex), RFC 1035 (lengths), RFC 5891 and
UTS 46 (internationalized names, through `idna`) and the Public Suffix List, private section included (the copy that
`publicsuffixlist` brings along).
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.suffixes import registrable_domain
from reconciler.manifest.wording import shorten
from reconciler.model.hostnames import unicode_form
from reconciler.model.limits import is_within

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_NAME = 253
"""Octets of a name in DNS (RFC 1035, 2.3.4)."""

MAX_LABEL = 63
CHALLENGE = "_acme-challenge."
"""Put before the hostname, it is the name of the validation record (Imgwire guide, custom domains)."""

MAX_HOSTNAME = MAX_NAME - len(CHALLENGE)
_DOTS = re.compile("[.\u3002\uff0e\uff61]")  # UTS 46, section 4

# Lower-case ASCII without an `xn--` label or another pair of hyphens in third place, and with a letter first in the last label.
_PLAIN = re.compile(
    r"(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!..--)[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII
)
_BARE = "write a bare hostname such as `images.example.com`"


class HostnameError(ValueError):
    """`code` is invalid-hostname, apex-hostname or public-suffix. `message` is the problem, `hint` the way to fix it."""

    def __init__(self, code: Code, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


def normalise(text: str) -> str:
    """The hostname in lower-case ASCII (UTS 46, IDNA 2008), without a trailing dot, below a registrable domain.

    Normalising twice changes nothing. Raises HostnameError.
    """
    name = domain_name(text)
    if len(name) > MAX_HOSTNAME:
        message = f"the name has {len(name)} octets, more than {MAX_HOSTNAME}: `{CHALLENGE}` must fit before it in DNS"
        raise _invalid(message, "choose a shorter name")
    _refuse_suffixes(name)
    return name


def domain_name(text: str) -> str:
    """The same for a name that may also be registrable, or a public suffix. Raises HostnameError with invalid-hostname."""
    return text if len(text) <= MAX_NAME and _PLAIN.fullmatch(text) else _ascii_form(text)


def refusal_of(hostname: str, allowed_domains: Collection[str]) -> Code | None:
    """The code of the rule that refuses a live hostname in a manifest, or None."""
    try:
        name = normalise(hostname)
    except HostnameError as failure:
        return failure.code
    return None if not allowed_domains or is_within(name, allowed_domains) else Code.DOMAIN_NOT_ALLOWED


def conversion_cost(text: str) -> int:
    """How much work an internationalized name is for `normalise`, in units of about 1 µs; 0 for other names."""
    if len(text) > MAX_NAME + 1 or _PLAIN.fullmatch(text):
        return 0
    converted = sum(not label.isascii() or label[:4].lower() == "xn--" for label in _DOTS.split(text))
    return 2 * len(text) + 30 * converted if converted else 0


def _ascii_form(text: str) -> str:
    _refuse_other_text(text)
    name = (text.lower() if text.isascii() else _mapped(text)).removesuffix(".")
    _refuse_addresses(name)
    labels = name.split(".")
    if "" in labels:
        raise _invalid(f"`{shorten(text)}` has an empty label", f"remove the extra dot: {_BARE}")
    if len(labels) == 1:
        raise _invalid(f"`{shorten(text)}` has no dot", "write the full name, such as `images.example.com`")
    ascii_labels = [_ascii_label(label) for label in labels]
    found = ".".join(ascii_labels)
    if len(found) > MAX_NAME:
        raise _invalid(f"the name has {len(found)} octets, more than {MAX_NAME}", "choose a shorter name")
    if not re.match("[a-z]", ascii_labels[-1]):
        raise _invalid(f"`{shorten(ascii_labels[-1])}` is not a top-level domain", _BARE)
    return found


_PARTS = (
    ("user information (`…@`)", re.compile(r"@")),
    ("a path", re.compile(r"[/\\]")),
    ("a query", re.compile(r"\?")),
    ("a fragment", re.compile(r"#")),
)


def _refuse_other_text(text: str) -> None:
    """Refuse parts of a URL and forbidden characters. The hint suggests the hostname inside, if there is one."""
    if not text.strip():
        raise _invalid("the hostname is empty", "write a hostname, or `null` for no custom domain")
    if len(text) > MAX_NAME + 1:  # a character is an octet at least, and a dot may follow; longer text costs too much
        raise _invalid(f"the name has {len(text)} characters, more than {MAX_NAME}", "choose a shorter name")
    shown = shorten(text)
    for character in text:
        if ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0:
            raise _invalid(f"the hostname has the control character U+{ord(character):04X}", "remove it")
        if character.isspace():
            around = text.strip() == "".join(text.split())
            message = f"`{shown}` has white space {'around' if around else 'in'} it"
            raise _invalid(message, _suggestion(text, _BARE) if around else _BARE)
    if scheme := re.match(r"([A-Za-z][A-Za-z0-9+.-]*):?//|//", text):
        message = f"the scheme `{scheme[1]}://`" if scheme[1] else "`//` before the name"
        raise _invalid(f"`{shown}` has {message}: a URL is not a hostname", _suggestion(text, _BARE))
    _refuse_addresses(text)
    for part, pattern in _PARTS:
        if pattern.search(text):
            raise _invalid(f"`{shown}` has {part}", _suggestion(text, _BARE))
    if ":" in text:
        part = "a port" if re.search(r":[0-9]*\Z", text) else "a colon"
        raise _invalid(f"`{shown}` has {part}", _suggestion(text, _BARE))
    if "*" in text:
        raise _invalid(f"`{shown}` is a wildcard", "write one hostname: an Environment has one custom domain")
    if "_" in text:
        raise _invalid(f"`{shown}` has an underscore, which hostnames must not have", _suggestion(text, _BARE))


def _refuse_addresses(text: str) -> None:
    inner = text.removeprefix("[").split("]")[0].split("%")[0]
    try:
        version: int | None = ipaddress.ip_address(inner).version
    except ValueError:
        last = text.removesuffix(".").rpartition(".")[2].partition(":")[0]
        # What ends in a number is an IPv4 address to every browser (WHATWG URL, "ends in a number").
        version = 4 if re.fullmatch(r"[0-9]+|0[xX][0-9a-fA-F]*", last) and "." in text else None
        version = 6 if text.startswith("[") else version
    if version:
        raise _invalid(
            f"`{shorten(text)}` is an IP address (v{version})", f"an IP address cannot be a custom domain: {_BARE}"
        )


def _mapped(text: str) -> str:
    """Case folded, composed, and dots of every script made one (UTS 46, section 4, without transitional processing)."""
    import idna

    try:
        return idna.uts46_remap(text, std3_rules=False)
    except idna.InvalidCodepoint as failure:
        raise _forbidden(text, failure) from failure
    except (idna.IDNAError, UnicodeError) as failure:
        raise _invalid(f"`{shorten(text)}` is not a valid name: {failure}", _BARE) from failure


def _ascii_label(label: str) -> str:
    import idna

    if len(label) > MAX_LABEL:
        raise _too_long(label, len(label) if label.isascii() else None)
    if label.isascii() and (bad := re.search(r"[^a-z0-9-]", label)):
        raise _invalid(f"`{bad[0]}` is not allowed in a hostname", "use letters, digits and hyphens")
    if label.startswith("-") or label.endswith("-"):
        raise _invalid(f"the label `{shorten(label)}` begins or ends with a hyphen", "remove the hyphen")
    if label[2:4] == "--" and not label.startswith("xn--"):
        message = f"the label `{shorten(label)}` has hyphens as third and fourth characters"
        raise _invalid(message, "choose another label: this form is reserved (RFC 5891, 4.2.3.1)")
    if label.isascii() and not label.startswith("xn--"):
        return label
    try:
        found = idna.alabel(label).decode("ascii")
    except idna.InvalidCodepoint as failure:
        raise _forbidden(label, failure) from failure
    except (idna.IDNAError, UnicodeError) as failure:
        if "too long" in str(failure):
            raise _too_long(label, None) from failure
        kind = "IDNA label" if label.startswith("xn--") else "label"
        raise _invalid(f"`{shorten(label)}` is not a valid {kind}: {_lowered(str(failure))}", _BARE) from failure
    if label.startswith("xn--") and _mapped(idna.ulabel(found)) != idna.ulabel(found):
        raise _invalid(f"`{shorten(label)}` is not the form that UTS 46 gives this name", _BARE)
    return found


def _refuse_suffixes(name: str) -> None:
    registrable = registrable_domain(name)
    if registrable is not None and registrable != name:
        return
    shown = unicode_form(name)
    if registrable is None:
        hint = f"write a name below your own domain, such as `images.example.{shown}`"
        message = f"`{shorten(shown)}` is a public suffix: other people register names below it"
        raise HostnameError(Code.PUBLIC_SUFFIX, message, hint)
    message = f"`{shorten(shown)}` is a registrable domain (an apex), and Imgwire serves subdomains only"
    raise HostnameError(Code.APEX_HOSTNAME, message, f"write a name below it, such as `images.{shown}`")


def _suggestion(text: str, otherwise: str) -> str:
    """A hint with the hostname inside `text`, or another hint."""
    inner = re.sub(r"\A[A-Za-z][A-Za-z0-9+.-]*:?//|\A//", "", text.strip())
    inner = re.split(r"[/\\?#]", inner)[0].rpartition("@")[2]
    inner = re.sub(r":[0-9]*\Z", "", inner).replace("_", "-")
    try:
        return f"write `{unicode_form(normalise(inner))}`" if inner != text else otherwise
    except HostnameError:
        return otherwise


def _invalid(message: str, hint: str) -> HostnameError:
    return HostnameError(Code.INVALID_HOSTNAME, message, hint)


def _too_long(label: str, octets: int | None) -> HostnameError:
    length = f"{octets} octets" if octets else "too many octets"
    return _invalid(f"the label `{shorten(label)}` has {length}, more than {MAX_LABEL}", "choose a shorter label")


def _forbidden(text: str, failure: Exception) -> HostnameError:
    found = re.search(r"U\+[0-9A-F]{4,6}", str(failure))
    point = found[0] if found else "a character"
    message = f"`{shorten(text)}` has {point}, which IDNA 2008 does not allow"
    return _invalid(message, "use letters and digits of any script, not symbols or emoji")


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
