"""Entries are added to a manifest without any other change, or adding is refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import uid

from reconciler.manifest.entries import CannotAdd, Entry, whole_manifest, with_entries
from reconciler.manifest.loader import parse_documents
from reconciler.manifest.sources import ManifestFile
from reconciler.model.environments import DefaultKey

if TYPE_CHECKING:
    from reconciler.model.environments import Environment, Manifest

NEW = [Entry("on", uid("on"), "on.example.com"), Entry("zoo", uid("zoo"), "zoo.example.com", "IMGWIRE_OTHER")]


def parsed(data: bytes) -> Manifest:
    return parse_documents([ManifestFile("imgwire.yaml", data)]).manifest


def bare(environment: Environment) -> Environment:
    key = environment.key
    bare_key = replace(key, fallback=None) if isinstance(key, DefaultKey) else replace(key, span=None)
    return replace(environment, span=None, key=bare_key)


def test_a_whole_manifest_holds_the_entries_and_nothing_else() -> None:
    text = whole_manifest(NEW)
    assert text == (
        "version: 1\n\nenvironments:\n"
        f'  "on":\n    environment_id: {uid("on")}\n    hostname: on.example.com\n    protect: true\n'
        f"  zoo:\n    environment_id: {uid('zoo')}\n    api_key: {{env: IMGWIRE_OTHER}}\n"
        "    hostname: zoo.example.com\n    protect: true\n"
    )
    assert [item.name for item in parsed(text.encode()).environments] == ["on", "zoo"]


comments = st.lists(st.sampled_from(["", "# out", "  # in", "        # deep", "   ", "#"]), max_size=2)


@st.composite
def manifests(draw: Any) -> bytes:
    """Manifests in block style, with comments and blank lines anywhere, some with an entry in flow style."""
    indent = " " * draw(st.integers(1, 6))
    entries = {
        "short": ["a: a.example.com"],
        "long": ["a:", "  hostname: null", "  labels:", "    team: web"],
        "flow": ["a: {hostname: null, labels: {", "     team: web}}"],
        "quoted": ['"a": "a.example.com"', "'b': null # not yet"],
        "folded": ["a:", "  hostname: null", "  labels:", "    note: >-", "      some", "", "      words # here"],
    }[draw(st.sampled_from(["short", "long", "flow", "quoted", "folded"]))]
    blocks = [["version: 1"], ["environments:", *draw(comments), *(indent + line for line in entries)]]
    blocks += draw(st.sampled_from([[], [["limits:", "  max_interruptions: 1"]], [["defaults: {protect: false}"]]]))
    lines = [line for block in draw(st.permutations(blocks)) for line in (*draw(comments), *block)]
    lines += draw(comments)
    text = draw(st.sampled_from(["\n", "\r\n"])).join([*lines, *draw(st.sampled_from([[], [""]]))])
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@given(manifests())
def test_adding_entries_changes_nothing_else(data: bytes) -> None:
    before = parsed(data)
    after = with_entries(ManifestFile("imgwire.yaml", data), NEW)
    start = next(index for index, (old, new) in enumerate(zip(data + b"\0", after, strict=False)) if old != new)
    assert after.startswith(data[:start])
    assert after.endswith(data[start:])
    assert len(after) > len(data)
    found = parsed(after)
    assert [bare(item) for item in found.environments if item.name not in {"on", "zoo"}] == [
        bare(item) for item in before.environments
    ]
    assert replace(found, environments=(), files=()) == replace(before, environments=(), files=())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("version: 1\n", "it has no `environments`"),
        ("version: 1\nenvironments: {}\n", "it has no `environments`"),
        ("- a\n", "it has no `environments`"),
        ("a: [\n", "it has no `environments`"),
        ("\udcff", "it has no `environments`"),
        ("environments: {a: null}\n", "its `environments` are not in block style, one below the other"),
        ("environments: &all\n  a: null\n", "its `environments` are not in block style, one below the other"),
        ("environments: {\n  a: null}\n", "its `environments` are not in block style, one below the other"),
    ],
)
def test_a_file_that_entries_cannot_be_added_to_is_refused_with_a_reason(text: str, why: str) -> None:
    with pytest.raises(CannotAdd) as refusal:
        with_entries(ManifestFile("imgwire.yaml", text.encode("utf-8", "surrogateescape")), NEW)
    assert str(refusal.value) == why
