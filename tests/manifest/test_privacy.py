"""Nothing of a file that is not a manifest is shown, whatever the file is."""

from __future__ import annotations

import json

import pytest

from reconciler.documents.diagnostics import diagnostic_object
from reconciler.manifest.loader import parse_documents
from reconciler.manifest.sources import ManifestFile
from reconciler.model.diagnostics import InvalidInput
from reconciler.render.diagnostics import render_github, render_text

OTHER_FILES = {
    "one line": "CANARY CANARY\n",
    "one line with a colon": "CANARY: CANARY\n",
    "settings": "[CANARY]\nCANARY = CANARY\n",
    "variables": "CANARY=CANARY\nCANARY='CANARY\n",
    "users": "CANARY:x:0:0:CANARY:/CANARY:/bin/sh\n",
    "one name twice": "CANARY: 1\nCANARY: 2\n",
    "one name twice in a broken file": "CANARY: 1\nCANARY: 2\n'CANARY\n",
    "a tag": "CANARY: !CANARY x\n",
    "a tag at the root": "!CANARY CANARY\n",
    "an alias": "CANARY: *CANARY\n",
    "a merge": "<<: *CANARY\n",
    "an escape": '"CANARY\\qCANARY"',
    "a list": "- CANARY: 1\n  CANARY: 2\n",
    "two documents": "CANARY: x\n---\nCANARY: y\n",
    "terraform state": '{"version": 4, "resources": [{"CANARY": "CANARY"}]}',
    "a cluster": "apiVersion: v1\nusers:\n- name: CANARY\n  user: {password: CANARY}\n",
    "services": "version: '3'\nservices:\n  CANARY: {image: CANARY}\n",
    "a private key": "-----BEGIN CANARY KEY-----\nCANARY\n-----END CANARY KEY-----\n",
    "a comment": "# CANARY\n",
    "latin": "CANARY \xfc CANARY".encode("latin-1"),
    "utf-16": "CANARY".encode("utf-16"),
    "nul": "CANARY\0CANARY",
    "separator": "CANARY\u2028CANARY",
    "deep": "CANARY: " + "[" * 100,
    "a wide key": "? {CANARY: CANARY}\n: CANARY\n",
    "numbers": "1: CANARY\n",
}


@pytest.mark.parametrize("text", OTHER_FILES.values(), ids=OTHER_FILES)
def test_nothing_of_a_file_that_is_no_manifest_is_shown(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(InvalidInput) as invalid:
        parse_documents([ManifestFile("a.yaml", data)])
    found = invalid.value.diagnostics
    output = (
        render_text(found)
        + render_github(found)
        + json.dumps([diagnostic_object(item) for item in found])
        + repr(found)
    )
    assert "CANARY" not in output
    assert len(found) == 1


MANIFESTS = {
    "indented": "  version: 1\n  environments:\n    a: example.com\n",
    "flow": '{"version": 1, "environments": {"a": "example.com"}}',
    "flow with lines": '{\n  "version": 1,\n  "environments": {"a": "example.com"}\n}',
    "misspelt": "verison: 1\nenviroments:\n  a: example.com\n",
    "settings alone": "version: 1\nlimit: {max_interruptions: 3}\n",
    "an environment outside": "version: 1\nproduction:\n  hostname: example.com\n",
    "broken": "version: 1\nenvironments:\n  a: 'example.com\n",
}


@pytest.mark.parametrize("text", MANIFESTS.values(), ids=MANIFESTS)
def test_lines_of_a_manifest_with_mistakes_are_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        parse_documents([ManifestFile("a.yaml", text.encode())])
    assert all(item.source is not None for item in invalid.value.diagnostics if item.span)


@pytest.mark.parametrize("key", ["api_key", "apikey", "api-kye", "akey", "apix"])
def test_the_value_of_a_key_that_resembles_api_key_is_hidden(key: str) -> None:
    with pytest.raises(InvalidInput) as invalid:
        parse_documents([ManifestFile("a.yaml", f"version: 1\nenvironments:\n  a: {{{key}: CANARY}}\n".encode())])
    assert "CANARY" not in render_text(invalid.value.diagnostics)
