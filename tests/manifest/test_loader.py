from __future__ import annotations

import hashlib
import io
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.manifest import loader, rules
from reconciler.manifest.loader import in_order, load, parse_documents, slow_yaml
from reconciler.manifest.source_text import error
from reconciler.manifest.sources import ManifestFile
from reconciler.manifest.starter import STARTER
from reconciler.model.diagnostics import InvalidInput, Severity, Span
from reconciler.model.environments import DefaultKey, Environment, KeyFile, KeyVariable, Manifest, SourceFile

if TYPE_CHECKING:
    from pathlib import Path

PIN = "26f80c13-48bd-4bb9-866e-5e9392b11a6a"

WHOLE = """\
# yaml-language-server: $schema=schemas/manifest.schema.json
version: 1
api:
  base_url: https://API.imgwire.dev/
limits:
  max_interruptions: 0
defaults:
  protect: true
  labels: {team: web, stage: test}
environments:
  staging: Images-Staging.example.com.
  production:
    environment_id: 26F80C13-48BD-4BB9-866E-5E9392B11A6A
    api_key: {env: IMGWIRE_PRODUCTION}
    send_environment_id: true
    hostname: bücher.example.com
    labels: {stage: production}
  sandbox:
    hostname: null
    protect: false
    api_key: {file: keys/sandbox}
  none: ~
"""


def manifest(*texts: str) -> Manifest:
    files = [ManifestFile(f"{number}.yaml", text.encode(), "folder") for number, text in enumerate(texts)]
    return parse_documents(files).manifest


def codes(*texts: str) -> list[str]:
    with pytest.raises(InvalidInput) as invalid:
        manifest(*texts)
    return [item.code for item in invalid.value.diagnostics]


def environments(text: str) -> str:
    return f"version: 1\nenvironments:\n{text}"


def test_a_manifest_becomes_environments_in_order_of_name() -> None:
    labels = {"team": "web", "stage": "test"}
    none = DefaultKey("IMGWIRE_API_KEY_NONE")
    staging = DefaultKey("IMGWIRE_API_KEY_STAGING")
    assert manifest(WHOLE) == Manifest(
        environments=(
            Environment("none", None, none, protect=True, labels=labels, span=Span("0.yaml", 22, 3, 4)),
            Environment(
                "production",
                "xn--bcher-kva.example.com",
                KeyVariable("IMGWIRE_PRODUCTION", Span("0.yaml", 14, 14, 1)),
                environment_id=PIN,
                send_environment_id=True,
                protect=True,
                labels={"team": "web", "stage": "production"},
                span=Span("0.yaml", 12, 3, 10),
            ),
            Environment(
                "sandbox",
                None,
                KeyFile("folder/keys/sandbox", "file:keys/sandbox", Span("0.yaml", 21, 14, 1)),
                labels=labels,
                span=Span("0.yaml", 18, 3, 7),
            ),
            Environment(
                "staging",
                "images-staging.example.com",
                staging,
                protect=True,
                labels=labels,
                span=Span("0.yaml", 11, 3, 7),
            ),
        ),
        files=(SourceFile("0.yaml", hashlib.sha256(WHOLE.encode()).hexdigest()),),
        api_url="https://api.imgwire.dev",
        max_interruptions=0,
    )


def test_the_starter_manifest_is_valid() -> None:
    found = manifest(STARTER)
    assert [(item.name, item.hostname, item.protect) for item in found.environments] == [
        ("production", "images.example.com", True)
    ]


def test_a_manifest_with_one_environment_also_uses_the_general_variable() -> None:
    one = environments("  eu-west.1: images.example.com\n")
    assert manifest(one).environments[0].key == DefaultKey("IMGWIRE_API_KEY_EU_WEST_1", "IMGWIRE_API_KEY")
    two = manifest(one, environments("  b: images-b.example.com\n"))
    assert [item.key for item in two.environments] == [
        DefaultKey("IMGWIRE_API_KEY_B"),
        DefaultKey("IMGWIRE_API_KEY_EU_WEST_1"),
    ]


def test_defaults_are_for_the_environments_of_their_own_file() -> None:
    first = "version: 1\ndefaults: {protect: true}\nenvironments:\n  a: images-a.example.com\n"
    second = environments("  b: images-b.example.com\n")
    assert [item.protect for item in manifest(first, second).environments] == [True, False]


def test_an_absolute_key_file_stays_where_it_is() -> None:
    found = manifest(environments("  a: {hostname: null, api_key: {file: /run/secrets/a}}\n"))
    assert found.environments[0].key == KeyFile("/run/secrets/a", "file:/run/secrets/a", Span("0.yaml", 3, 32, 1))


def test_settings_of_several_files_may_agree() -> None:
    head = "version: 1\napi: {base_url: 'https://api.imgwire.dev%s'}\nlimits: {max_interruptions: 5}\n"
    found = manifest(head % "/", head % "", environments("  a: images-a.example.com\n"))
    assert (found.api_url, found.max_interruptions) == ("https://api.imgwire.dev", 5)


def test_a_file_without_environments_is_fine_beside_one_that_has_some() -> None:
    assert (
        len(manifest("version: 1\nenvironments: {}\n", environments("  a: images-a.example.com\n")).environments) == 1
    )


@pytest.mark.parametrize("encode", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_byte_order_marks_and_line_breaks_do_not_change_positions(encode: str, line_break: str) -> None:
    text = environments("  a: {hostname: images-a.example.com, colour: red}\n").replace("\n", line_break)
    with pytest.raises(InvalidInput) as invalid:
        parse_documents([ManifestFile("a.yaml", text.encode(encode))])
    assert [item.span for item in invalid.value.diagnostics] == [Span("a.yaml", 3, 39, 6)]


def test_every_problem_of_every_file_is_reported_in_order() -> None:
    bad = "version: 2\nenvironments:\n  a: example.com\n  b: {hostname: x, colour: red}\n"
    with pytest.raises(InvalidInput) as invalid:
        manifest(bad, "version: [", bad.replace("  a", "  c").replace("  b", "  d"))
    assert [(item.span and (item.span.file, item.span.line), item.code) for item in invalid.value.diagnostics] == [
        (("0.yaml", 1), "unsupported-version"),
        (("0.yaml", 3), "apex-hostname"),
        (("0.yaml", 4), "invalid-hostname"),
        (("0.yaml", 4), "unknown-key"),
        (("1.yaml", 1), "yaml-syntax"),
        (("2.yaml", 1), "unsupported-version"),
        (("2.yaml", 3), "apex-hostname"),
        (("2.yaml", 4), "invalid-hostname"),
        (("2.yaml", 4), "unknown-key"),
    ]


ONE_CAUSE = {
    "a misspelt hostname is not missing as well": ("  a: {hostnam: images.example.com}\n", ["unknown-key"]),
    "an empty entry with its keys beside it": ("  a:\n  hostname: images.example.com\n", ["unknown-key"]),
    "a key that is no text": ("  a:\n    api_key: [x]\n    hostname: null\n", ["wrong-type"]),
    "an alias": ("  a: {hostname: *x}\n", ["alias"]),
    "a merge of an alias": ("  a: {<<: *x, hostname: null}\n", ["alias"]),
    "a tag": ("  a: {hostname: !x y}\n", ["yaml-syntax"]),
    "a yes-or-no word": ("  a: {hostname: null, protect: on}\n", ["wrong-type"]),
    "a list": ("  a: [{b: 1}, {b: 2, b: 3}]\n", ["wrong-type", "duplicate-key"]),
    "an empty name": ("  ? : images.example.com\n", ["wrong-type"]),
}


@pytest.mark.parametrize(("text", "expected"), ONE_CAUSE.values(), ids=ONE_CAUSE)
def test_one_cause_is_reported_once(text: str, expected: list[str]) -> None:
    assert codes(environments(text)) == expected


TAGGED = {
    "!!str 1": "wrong-type",  # text, then
    "!!int 1": None,
    '!!int "1"': None,
    "!!float 1": None,
    "!!bool 1": None,
    "! 1": "wrong-type",
    "!!binary MQ==": "yaml-syntax",
    "!!timestamp 1": "yaml-syntax",
    "!!python/object/new:int [1]": "yaml-syntax",
}


@pytest.mark.parametrize(("value", "code"), TAGGED.items(), ids=TAGGED)
def test_tags_are_those_of_yamls_core(value: str, code: str | None) -> None:
    text = f"version: {value}\nenvironments: {{a: images.example.com}}\n"
    if code is None:
        assert manifest(text).environments
    else:
        assert codes(text) == [code]


def test_problems_beyond_the_limit_are_omitted_with_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = [error("wrong-type", f"problem {number}") for number in range(3)]
    monkeypatch.setattr(loader, "MAX_PROBLEMS", 3)
    assert in_order(problems[::-1]) == tuple(problems)
    monkeypatch.setattr(loader, "MAX_PROBLEMS", 1)
    assert [item.message for item in in_order(problems)] == [
        "problem 0",
        "more than 1 problems; the rest are omitted",
    ]


def test_a_large_manifest_without_libyaml_causes_a_warning() -> None:
    assert slow_yaml(99_999, fast=False) == slow_yaml(10_000_000, fast=True) == []
    (warning,) = slow_yaml(100_000, fast=False)
    assert (warning.code, warning.severity, warning.span) == ("slow-yaml", Severity.WARNING, None)


def test_without_a_path_the_manifest_of_the_working_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imgwire.yaml").write_text(STARTER)
    assert load().manifest.files[0].path == "imgwire.yaml"


def test_standard_input_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(STARTER.encode())))
    found = load(["-", "-"]).manifest
    assert [file.path for file in found.files] == ["<stdin>"]
    line = STARTER.splitlines().index("  production:") + 1
    assert found.environments[0].span == Span("<stdin>", line, 3, 10)


def test_an_environment_that_is_listed_twice_is_checked_in_both_places() -> None:
    files = [
        ManifestFile("a.yaml", b"version: 1\nenvironments:\n  a: a.example.com\n"),
        ManifestFile("b.yaml", b"version: 1\nenvironments:\n  a: q.example.com\n  z: q.example.com\n"),
    ]
    with pytest.raises(InvalidInput) as invalid:
        parse_documents(files)
    assert [(item.code, item.environment) for item in invalid.value.diagnostics] == [
        ("duplicate-environment", "a"),
        ("hostname-claimed-twice", "z"),
    ]


def test_a_manifest_has_20000_environments_at_most() -> None:
    halves = [
        environments("".join(f"  e{number}: null\n" for number in range(begin, begin + 10_000)))
        for begin in (0, 10_000)
    ]
    assert len(manifest(*halves).environments) == 20_000
    with pytest.raises(InvalidInput) as invalid:
        manifest(*halves, environments("  one: null\n  more: null\n"))
    assert [item.message for item in invalid.value.diagnostics] == ["the manifest has more than 20,000 environments"]
    whole = environments("".join(f"  e{number}: null\n" for number in range(20_000)))
    assert len(manifest(whole).environments) == 20_000
    assert codes(whole + "  more: null\n") == ["too-large"]


def test_internationalized_names_have_a_limit_for_their_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_CONVERSIONS", 1000)
    plain = environments("".join(f"  e{number}: images-{number}.example.com\n" for number in range(100)))
    assert len(manifest(plain).environments) == 100
    text = environments("".join(f"  e{number}: bücher{number}.example.com\n" for number in range(100)))
    with pytest.raises(InvalidInput) as invalid:
        manifest(text)
    (problem,) = invalid.value.diagnostics
    assert (problem.code, problem.environment) == ("too-large", "e14")
