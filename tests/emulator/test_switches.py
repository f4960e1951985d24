"""The switches: read from text, and described in the documentation as they are."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from reconciler.emulator.switches import SwitchError, Switches, describe

DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "emulator.md"


def test_switches_are_set_from_text() -> None:
    settings = [
        "absent=null",
        "check-count=2",
        "settle_seconds=1.5",
        "key_rate=none",
        "extra_fields=true",
        "conflict_name=X",
    ]
    expected = Switches(
        absent="null", check_count=2, settle_seconds=1.5, key_rate=None, extra_fields=True, conflict_name="X"
    )
    assert Switches.of(settings) == expected


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("absent", "`absent` is not of the form SWITCH=VALUE"),
        ("absend=404", "unknown switch `absend`, did you mean `absent`?"),
        ("zzz=1", "unknown switch `zzz`; --switches lists them"),
        ("absent=405", "`absent` cannot be `405`; it is one of: 404, 400, 410, null, bare"),
        ("check_count=x", "`check_count` cannot be `x`; it is a number"),
        ("check_count=-1", "`check_count` cannot be `-1`; it is a number from 0 up"),
        ("conflict_status=200", "`conflict_status` cannot be `200`; it is a status from 400 to 499"),
        ("latency=nan", "`latency` cannot be `nan`; it is a number from 0 up"),
        ("latency=none", "`latency` cannot be `none`; it is a number"),
        ("strict_keys=yes", "`strict_keys` cannot be `yes`; it is true or false"),
    ],
)
def test_an_invalid_setting_is_refused(setting: str, message: str) -> None:
    with pytest.raises(SwitchError) as refused:
        Switches.of([setting])
    assert str(refused.value) == message


def test_every_default_can_be_written_as_text() -> None:
    assert Switches.of(f"{switch.name}={switch.default}" for switch in describe()) == Switches()


def test_every_switch_has_a_basis() -> None:
    assert [switch.name for switch in describe()] == [item.name for item in fields(Switches)]
    assert {switch.basis for switch in describe()} == {"fact", "inferred", "unknown", "own"}


def test_the_documentation_lists_every_switch() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| `") and line.count(" | ") == 4]
    expected = [
        f"| `{switch.name}` | `{switch.default}` | {switch.choices.replace(' ', ', ')} | {switch.basis} | {switch.what} |"
        if " or " not in switch.choices
        else f"| `{switch.name}` | `{switch.default}` | {switch.choices} | {switch.basis} | {switch.what} |"
        for switch in describe()
    ]
    assert rows == expected
