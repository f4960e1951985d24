"""JSON to values: taken only in the shape that the OpenAPI document promises."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import domain

from reconciler.api import wire
from reconciler.model.domains import FIELDS, REQUIRED_FIELDS, Absent, Domain, Present

WHOLE = domain("web", "web.example.com")


def body(**changes: Any) -> bytes:
    return json.dumps({**WHOLE.as_dict(), **changes}).encode()


def test_a_custom_domain_is_read_and_null_is_none() -> None:
    assert wire.domain(body()) == WHOLE
    assert wire.known(body()) == Present(WHOLE)
    assert wire.known(b" null\n") == Absent()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"status": "PAUSED"}, {"status": "PAUSED"}, id="a word that is new"),
        pytest.param({"notes": {"new": [1]}}, {}, id="a property that is new"),
        pytest.param({"last_verified_at": None}, {"last_verified_at": None}, id="never verified"),
        pytest.param({"hostname": "WEB.Example.com."}, {}, id="upper case and a trailing dot"),
        pytest.param({"hostname": "bücher.example.com"}, {"hostname": "xn--bcher-kva.example.com"}, id="Unicode"),
        pytest.param({"environment_id": WHOLE.environment_id.upper()}, {}, id="an id in upper case"),
        pytest.param({"id": "x" * 1024}, {"id": "x" * 1024}, id="a long text"),
    ],
)
def test_new_fields_new_words_and_other_spellings_are_accepted(
    changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert wire.domain(body(**changes)) == replace(WHOLE, **expected)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(b"", "the body is not JSON", id="nothing"),
        pytest.param(b"<html>", "the body is not JSON", id="HTML"),
        pytest.param(b"\xff", "the body is not JSON", id="no text"),
        pytest.param(b"[" * 100_000, "the body is not JSON", id="a nesting bomb"),
        pytest.param(b"1" * 5000, "the body is not JSON", id="a huge number"),
        pytest.param(b"[]", "the body is a JSON array, not a custom domain", id="an array"),
        pytest.param(b'"x"', "the body is a JSON string, not a custom domain", id="a text"),
        pytest.param(b"true", "the body is a JSON boolean, not a custom domain", id="a boolean"),
        pytest.param(b"1.5", "the body is a JSON number, not a custom domain", id="a number"),
        pytest.param(b"{}", "the body has no `id`, so it is not a custom domain", id="another object"),
        pytest.param(body(hostname=None), "`hostname` is empty", id="null"),
        pytest.param(body(id=""), "`id` is empty", id="empty"),
        pytest.param(body(status=5), "`status` is not a text of at most 1024 characters", id="not a text"),
        pytest.param(body(id="x" * 1025), "`id` is not a text of at most 1024 characters", id="too long"),
        pytest.param(
            body(last_verified_at=0),
            "`last_verified_at` is not a text of at most 1024 characters",
            id="a time that is a number",
        ),
        pytest.param(
            body(hostname="\u2060.example.com"), "`hostname` is not a host name", id="a hostname that is none"
        ),
        pytest.param(
            body(hostname="::error::x.example.com"), "`hostname` is not a host name", id="a command for a log"
        ),
    ],
)
def test_any_other_shape_is_an_error_that_quotes_nothing(content: bytes, problem: str) -> None:
    for read in (wire.domain, wire.known):
        with pytest.raises(wire.WrongShape) as caught:
            read(content)
        assert str(caught.value) == problem


def without(field: str) -> bytes:
    return json.dumps({name: value for name, value in WHOLE.as_dict().items() if name != field}).encode()


@pytest.mark.parametrize("field", sorted(REQUIRED_FIELDS))
def test_a_record_needs_its_id_its_environment_and_its_hostname(field: str) -> None:
    with pytest.raises(wire.WrongShape, match=f"no `{field}`"):
        wire.domain(without(field))
    for empty in (None, "", " "):
        with pytest.raises(wire.WrongShape, match=f"`{field}` is empty"):
            wire.domain(body(**{field: empty}))


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in REQUIRED_FIELDS])
def test_any_other_property_may_be_null_empty_or_missing_and_is_then_unknown(field: str) -> None:
    unknown = replace(WHOLE, **{field: None})
    for content in (without(field), body(**{field: None}), body(**{field: ""}), body(**{field: " "})):
        assert wire.domain(content) == unknown
        assert wire.known(content) == Present(unknown)


def test_null_is_no_answer_to_a_write() -> None:
    with pytest.raises(wire.WrongShape, match="a JSON null, not a custom domain"):
        wire.domain(b"null")


def test_a_delete_is_acknowledged_with_any_object_and_nothing_else() -> None:
    wire.acknowledgement(b"{}")
    wire.acknowledgement(b'{"status": "deleted"}')
    with pytest.raises(wire.WrongShape, match="the body is not JSON"):
        wire.acknowledgement(b"<html>")
    with pytest.raises(wire.WrongShape, match="the body is a JSON null, not an object"):
        wire.acknowledgement(b"null")


@given(
    st.binary() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_any_body_is_a_domain_or_absent_or_an_error(content: bytes) -> None:
    try:
        found = wire.known(content)
    except wire.WrongShape:
        return
    assert isinstance(found, Absent) or isinstance(found.domain, Domain)
