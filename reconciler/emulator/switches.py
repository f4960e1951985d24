"""The switches of the emulator: every behaviour that Imgwire does not document, with a default, and settings for trials.

`basis` is the source of a default: `fact` (documented by Imgwire; the other values are for tests), `inferred` (a
conclusion), `unknown` (not documented; the default is a guess) or `own` (a setting of the emulator itself).
"""

from __future__ import annotations

import difflib
import types
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = TypeVar("Value")


class SwitchError(ValueError):
    """The switch or the value does not exist. `str()` is one line fit for people."""


def _switch(default: Value, basis: str, what: str) -> Value:
    return field(default=default, metadata={"basis": basis, "what": what})


@dataclass(frozen=True, slots=True)
class Switches:
    """The emulator's choices where the API could behave in several ways. `describe` explains every switch."""

    absent: Literal["404", "400", "410", "null", "bare"] = _switch(
        "404",
        "unknown",
        "response to GET without a custom domain: a status with `ResourceNotFoundError`, 200 with a JSON null, or a bare 404 "
        "without `error_type`",
    )
    delete_absent: Literal["404", "200"] = _switch("404", "unknown", "response to DELETE without a custom domain")
    test_absent: Literal["404", "409", "null"] = _switch(
        "404", "unknown", "response to test_connection without a custom domain"
    )
    delete_body: Literal["status", "id", "empty"] = _switch(
        "status", "unknown", 'body of a delete: `{"status": "deleted"}`, `{"id": …}` or `{}`'
    )
    delete_seconds: float = _switch(
        0.0, "unknown", "seconds during which a deleted domain is still shown and its hostname still taken"
    )
    conflict_status: int = _switch(409, "unknown", "status when the hostname is taken")
    conflict_name: str = _switch("ResourceConflictError", "unknown", "`error_type` when the hostname is taken")
    second_create: Literal["conflict", "same", "replace"] = _switch(
        "conflict",
        "unknown",
        "POST in an Environment that has a domain: always a conflict; 200 with the existing domain if the hostname is the same; "
        "200 with a new domain instead",
    )
    token_status: int = _switch(401, "fact", "status of `InvalidTokenError`")
    not_authorized_status: int = _switch(403, "unknown", "status of `ResourceNotAuthorizedError`")
    payment_status: int = _switch(402, "unknown", "status of `PaymentRequiredError`")
    payment_blocks: Literal["creates", "writes", "all"] = _switch(
        "creates",
        "unknown",
        "calls refused without a plan for custom domains, or in an inactive organization: creates; creates and deletes; all",
    )
    error_types: Literal["sent", "omitted"] = _switch("sent", "fact", "whether domain errors have `error_type`")
    foreign_environment: Literal["refuse", "hide", "ignore"] = _switch(
        "refuse",
        "unknown",
        "`X-Environment-Id` of an Environment that the key does not open: `ResourceNotAuthorizedError`, "
        "`ResourceNotFoundError`, or the header is ignored",
    )
    environments_api: Literal["session", "any"] = _switch(
        "session", "inferred", "credentials for /api/v1/environments/: user sessions only, or server keys too"
    )
    validation_form: Literal["document", "fastapi"] = _switch(
        "document",
        "inferred",
        "form of a 422 list: as in the OpenAPI document, or as FastAPI 0.115 sends it: with `input` and `ctx`, an integer in "
        "`loc` of a JSON error, 400 for invalid UTF-8, JSON only under its content type, UUIDs also without hyphens",
    )
    bad_hostname: Literal["list", "error"] = _switch(
        "list", "unknown", "response to an invalid hostname: a 422 list, or 400 with an `error_type`"
    )
    apex: Literal["labels", "suffixes", "allow"] = _switch(
        "labels",
        "unknown",
        "test for an apex name: fewer than three labels, the Public Suffix List, or none",
    )
    imgwire_names: Literal["refuse", "allow"] = _switch(
        "allow", "unknown", "whether imgwire.dev and names below it are refused, in any case"
    )
    trailing_dot: Literal["refuse", "strip"] = _switch(
        "refuse", "unknown", "a hostname with a trailing dot: refuse it, or drop the dot"
    )
    hostname_form: Literal["lower", "sent", "upper", "dotted"] = _switch(
        "lower", "unknown", "form of `hostname` in responses: lower case, as sent, upper case, with a trailing dot"
    )
    extra_properties: Literal["ignore", "refuse"] = _switch("ignore", "unknown", "unknown properties in a request body")
    extra_fields: bool = _switch(
        False, "unknown", "add a property to responses that the OpenAPI document does not have"
    )
    check: Literal["now", "staged", "checks", "seconds", "recover", "fail", "never", "dns"] = _switch(
        "now",
        "unknown",
        "result of test_connection: ready at once; connected, and ready at the next check; ready at check number "
        "`check_count`; ready `check_seconds` after creation; failed, and ready at check number `check_count`; always failed; "
        "unchanged; by real DNS look-ups of both CNAMEs",
    )
    check_count: int = _switch(3, "own", "number for `check=checks` and `check=recover`")
    check_seconds: float = _switch(60.0, "own", "seconds for `check=seconds`")
    failed_check: Literal["failed", "pending", "error"] = _switch(
        "failed",
        "unknown",
        "response to a failed check: 200 with FAILED / FAILING, 200 with both statuses unchanged, or 409 with an error",
    )
    check_answer: Literal["after", "before"] = _switch(
        "after",
        "unknown",
        "test_connection returns the domain after the check, or as it was before (a GET then shows the result)",
    )
    verified_at: Literal["success", "always", "never"] = _switch(
        "success", "unknown", "when test_connection sets `last_verified_at`: if ready, at every check, never"
    )
    settle_seconds: float | None = _switch(
        None,
        "unknown",
        "seconds after creation until a PENDING domain becomes ready by itself; `none`: only by test_connection",
    )
    dcv: Literal["record", "hostname", "placeholder", "delegated"] = _switch(
        "record",
        "unknown",
        "`dcv_cname_value`: from the record's id, from the hostname, the hostname itself as in the documented example, or the "
        "hostname below one host for all, as in Cloudflare's delegated validation",
    )
    dns_fields: Literal["sent", "null", "empty", "missing"] = _switch(
        "sent", "unknown", "the four DNS properties of a domain: sent, null, an empty text, or missing"
    )
    stale_reads: int = _switch(0, "unknown", "GETs after a create or a delete that still show the state before it")
    timestamps: Literal["seconds", "fractions", "offset"] = _switch(
        "seconds", "unknown", "whole seconds with `Z` as in the documented example, with fractions, or with `+00:00`"
    )
    slash: Literal["redirect", "not-found", "accept"] = _switch(
        "redirect",
        "unknown",
        "a path with a missing or extra trailing slash: 307 to the declared path, 404, or accept it",
    )
    strict_keys: bool = _switch(False, "own", "refuse unregistered keys instead of creating an Environment for each")
    key_rate: float | None = _switch(None, "unknown", "requests per second and key; above that 429")
    total_rate: float | None = _switch(None, "unknown", "requests per second in total; above that 429")
    retry_after: Literal["seconds", "date", "none"] = _switch("seconds", "unknown", "form of `Retry-After` on a 429")
    latency: float = _switch(0.0, "own", "seconds before every response")

    @classmethod
    def of(cls, settings: Iterable[str]) -> Switches:
        """From texts such as `absent=null`; dashes count as underscores. Raises SwitchError."""
        result = cls()
        for setting in settings:
            name, equals, value = setting.partition("=")
            name = name.strip().replace("-", "_")
            if not equals:
                raise SwitchError(f"`{setting}` is not of the form SWITCH=VALUE")
            result = result.with_text(name, value.strip())
        return result

    def with_text(self, name: str, text: str) -> Switches:
        """A copy with one switch set from its text. Raises SwitchError."""
        types_by_name = get_type_hints(Switches)
        if name not in types_by_name:
            near = difflib.get_close_matches(name, types_by_name, 1)
            hint = f", did you mean `{near[0]}`?" if near else "; --switches lists them"
            raise SwitchError(f"unknown switch `{name}`{hint}")
        return replace(self, **{name: _value(name, text, types_by_name[name])})


@dataclass(frozen=True, slots=True)
class SwitchDescription:
    """One row of the table of switches."""

    name: str
    default: str
    choices: str
    basis: str
    what: str


def describe() -> tuple[SwitchDescription, ...]:
    """Every switch in order, for the documentation and the help."""
    hints = get_type_hints(Switches)
    return tuple(
        SwitchDescription(
            item.name,
            _text(item.default),
            " ".join(get_args(hints[item.name])) if _is_choice(hints[item.name]) else _type_name(hints[item.name]),
            item.metadata["basis"],
            item.metadata["what"],
        )
        for item in fields(Switches)
    )


def _is_choice(hint: Any) -> bool:
    return get_origin(hint) is Literal


def _optional(hint: Any) -> bool:
    return get_origin(hint) in (types.UnionType, Union)


def _type_name(hint: Any) -> str:
    return (
        "number or none" if _optional(hint) else {bool: "true false", int: "integer", float: "number"}.get(hint, "text")
    )


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(name: str, text: str, hint: Any) -> Any:
    if _is_choice(hint):
        if text not in get_args(hint):
            raise SwitchError(f"`{name}` cannot be `{text}`; it is one of: {', '.join(get_args(hint))}")
        return text
    if hint is str:
        return text
    if hint is bool:
        if text not in ("true", "false"):
            raise SwitchError(f"`{name}` cannot be `{text}`; it is true or false")
        return text == "true"
    if text == "none" and _optional(hint):
        return None
    try:
        number: float = int(text) if hint is int else float(text)
    except ValueError:
        raise SwitchError(f"`{name}` cannot be `{text}`; it is a number") from None
    if not 0 <= number < float("inf"):
        raise SwitchError(f"`{name}` cannot be `{text}`; it is a number from 0 up")
    if name.endswith("_status") and not 400 <= number <= 499:
        raise SwitchError(f"`{name}` cannot be `{text}`; it is a status from 400 to 499")
    return number


def listed() -> str:
    """Every switch with its default, in lines for people."""
    return "\n".join(
        f"{switch.name}={switch.default}\n    {switch.what}\n    one of: {switch.choices} ({switch.basis})"
        for switch in describe()
    )
