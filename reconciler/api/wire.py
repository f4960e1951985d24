"""JSON to values. What the API answers is untrusted.

A custom domain needs `id`, `environment_id` and `hostname`. Every other property of the OpenAPI document may be null, empty or
missing and is then None; a value of another type is refused.
"""

from __future__ import annotations

import json
import re

from reconciler.model.domains import FIELDS, REQUIRED_FIELDS, Absent, Domain, Known, Present
from reconciler.model.hostnames import compared_form

_HOSTNAME = re.compile(r"[A-Za-z0-9*_.-]+")
_MAX_TEXT = 1024  # characters; a DNS name has at most 253, a timestamp about 30
_OPTIONAL_FIELDS = tuple(field for field in FIELDS if field not in REQUIRED_FIELDS)


class WrongShape(Exception):
    """The body is not what the API promises. `str()` names the difference and quotes nothing of the body."""


def known(body: bytes) -> Known:
    """A GET answer: a custom domain, or a JSON null or the API's own not-found error for none. Raises WrongShape."""
    content = _json(body)
    not_found = isinstance(content, dict) and content.get("error_type") == "ResourceNotFoundError"
    return Absent() if content is None or not_found else Present(_domain(content))


def domain(body: bytes) -> Domain:
    """A custom domain. New properties are passed over, unknown words of the two statuses are kept. Raises WrongShape."""
    return _domain(_json(body))


def acknowledgement(body: bytes) -> None:
    """The answer to a delete: an object whose keys are not declared (OpenAPI), but not a custom domain. Raises WrongShape."""
    content = _json(body)
    if not isinstance(content, dict):
        raise WrongShape(f"the body is a JSON {_name(content)}, not an object")
    if content.get("hostname") is not None:
        raise WrongShape("the body is a custom domain, which does not acknowledge a delete")


def _json(body: bytes) -> object:
    try:
        content: object = json.loads(body)
    except (ValueError, RecursionError):
        raise WrongShape("the body is not JSON") from None
    return content


def _domain(content: object) -> Domain:
    if not isinstance(content, dict):
        raise WrongShape(f"the body is a JSON {_name(content)}, not a custom domain")
    return Domain(
        id=_required(content, "id"),
        environment_id=_required(content, "environment_id").lower(),
        hostname=_hostname(_required(content, "hostname")),
        **{field: _text(content, field) for field in _OPTIONAL_FIELDS},
    )


def _required(content: dict[str, object], field: str) -> str:
    if field not in content:
        raise WrongShape(f"the body has no `{field}`, so it is not a custom domain")
    value = _text(content, field)
    if value is None:
        raise WrongShape(f"`{field}` is empty")
    return value


def _text(content: dict[str, object], field: str) -> str | None:
    """The value, or None where the API has not given one."""
    value = content.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise WrongShape(f"`{field}` is not a text of at most {_MAX_TEXT} characters")
    return value if value.strip() else None


def _hostname(text: str) -> str:
    """In its compared form. It begins lines of reports, so it contains nothing that a log or a terminal acts on."""
    if text.isascii():
        if _HOSTNAME.fullmatch(text) is None:
            raise WrongShape("`hostname` is not a host name")
        return compared_form(text)
    import idna

    try:
        return compared_form(idna.encode(text, uts46=True).decode("ascii"))
    except idna.IDNAError:
        raise WrongShape("`hostname` is not a host name") from None


def _name(content: object) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(content), "number")
