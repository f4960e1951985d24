"""How a hostname is shown to people. What makes one valid is the manifest's business."""

from __future__ import annotations


def unicode_form(hostname: str) -> str:
    """The hostname with its `xn--` labels decoded (RFC 3492), or as it is where they cannot be."""
    if "xn--" not in hostname:
        return hostname
    return ".".join(_decoded(label) for label in hostname.split("."))


def display_hostname(hostname: str) -> str:
    """The hostname for people: with the Unicode form beside it where the two differ."""
    readable = unicode_form(hostname)
    return hostname if readable == hostname else f"{hostname} ({readable})"


def _decoded(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def compared_form(hostname: str) -> str:
    """The form in which two hostnames are compared: lower case, without a trailing dot."""
    return hostname.lower().removesuffix(".")
