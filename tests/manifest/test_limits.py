"""Limits of the manifest: allowed domains and change windows."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from reconciler.manifest.loader import parse_documents
from reconciler.manifest.sources import ManifestFile
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.limits import ChangeWindow, is_within, next_opening

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.environments import Manifest

NIGHTS = ChangeWindow((0, 1, 2, 3), 22 * 60, 2 * 60, "Europe/Berlin")
SUNDAY = ChangeWindow((6,), 0, 24 * 60, "UTC")


def manifest(*texts: str) -> Manifest:
    documents = [ManifestFile(f"{number}.yaml", text.encode()) for number, text in enumerate(texts)]
    return parse_documents(documents).manifest


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-11-23T21:00:00Z", True),  # Monday, 22:00 in Berlin
        ("2026-11-23T20:59:59Z", False),
        ("2026-11-24T00:59:59Z", True),  # Tuesday, 01:59:59
        ("2026-11-24T01:00:00Z", False),
        ("2026-11-26T23:30:00Z", True),  # Friday, 00:30: the window began on Thursday
        ("2026-11-27T21:30:00Z", False),  # Friday, 22:30
        ("2026-11-22T23:30:00Z", False),  # Monday, 00:30: none began on Sunday
        ("2026-06-22T20:00:00Z", True),  # Monday, 22:00 in summer
        ("2026-06-22T19:59:00Z", False),
    ],
)
def test_a_window_is_local_time_and_may_end_on_the_next_day(moment: str, inside: bool) -> None:
    assert NIGHTS.contains(datetime.fromisoformat(moment)) == inside


def test_a_window_may_last_the_whole_day() -> None:
    begin = datetime(2026, 11, 29, tzinfo=UTC)  # a Sunday
    moments = [begin - timedelta(seconds=1), begin, begin + timedelta(hours=23.99), begin + timedelta(days=1)]
    assert [SUNDAY.contains(moment) for moment in moments] == [False, True, True, False]


def test_a_window_has_a_text_for_messages() -> None:
    assert str(NIGHTS) == "mon, tue, wed, thu 22:00-02:00 Europe/Berlin"
    assert str(ChangeWindow(tuple(range(7)), 65, 24 * 60, "UTC")) == "every day 01:05-24:00 UTC"


@pytest.mark.parametrize(
    ("hostname", "inside"),
    [
        ("example.com", True),
        ("a.b.example.com", True),
        ("badexample.com", False),
        ("example.com.evil.net", False),
        ("com", False),
    ],
)
def test_a_domain_allows_itself_and_names_below_it(hostname: str, inside: bool) -> None:
    assert is_within(hostname, {"example.com", "example.org"}) == inside


def test_a_manifest_has_its_limits_in_one_form() -> None:
    found = manifest(
        "version: 1\nlimits:\n  allowed_domains: [Example.org., bücher.example, example.com]\n  change_windows:\n"
        '    - {days: [thu, mon, tue, wed], from: "22:00", to: "02:00", time_zone: Europe/Berlin}\n'
        '    - {days: [sun], from: "00:00", to: "24:00", time_zone: UTC}\n'
        "environments: {a: a.example.com}\n"
    )
    assert found.allowed_domains == ("example.com", "example.org", "xn--bcher-kva.example")
    assert found.change_windows == (NIGHTS, SUNDAY)


def test_limits_count_for_all_files() -> None:
    limits = "version: 1\nlimits: {allowed_domains: [example.com]}\nenvironments: {}\n"
    other = "version: 1\nenvironments: {a: a.example.org, b: b.example.com, c: null}\n"
    for texts in [(limits, other), (other, limits)]:
        with pytest.raises(InvalidInput) as invalid:
            manifest(*texts)
        assert [(item.code, item.environment) for item in invalid.value.diagnostics] == [("domain-not-allowed", "a")]


@pytest.mark.parametrize("key", ["timezone", "timeZone", "time-zone"])
def test_the_value_of_a_misspelt_time_zone_is_checked_in_the_same_run(key: str) -> None:
    text = f'version: 1\nlimits: {{change_windows: [{{from: "22:00", to: "23:00", {key}: Europe/Berln}}]}}\n'
    with pytest.raises(InvalidInput) as invalid:
        manifest(text + "environments: {a: null}\n")
    hints = [item.hint for item in invalid.value.diagnostics]
    assert {"did you mean `time_zone`?", "did you mean `Europe/Berlin`?"} <= set(hints)


@pytest.mark.parametrize("zone", ["", "Middle-earth", "America", "../../etc/passwd", "/etc/localtime", "UTC\\0", "é"])
def test_a_time_zone_that_does_not_exist_is_reported(zone: str) -> None:
    text = f'version: 1\nlimits: {{change_windows: [{{from: "22:00", to: "23:00", time_zone: "{zone}"}}]}}\n'
    with pytest.raises(InvalidInput) as invalid:
        manifest(text + "environments: {a: null}\n")
    assert [item.code for item in invalid.value.diagnostics] == ["wrong-type"]
    assert "there is no time zone" in invalid.value.diagnostics[0].message


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "right/UTC", "posix/Europe/Berlin", "Site/Own"])
def test_a_time_zone_that_only_this_machine_has_is_reported(zone: str, tmp_path: Path) -> None:
    """A window of `localtime` would be open at other times on every runner."""
    path = tmp_path / zone
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(files("tzdata").joinpath("zoneinfo", "UTC").read_bytes())
    zoneinfo.reset_tzpath([str(tmp_path)])
    try:
        assert zoneinfo.ZoneInfo.no_cache(zone)
        test_a_time_zone_that_does_not_exist_is_reported(zone)
    finally:
        zoneinfo.reset_tzpath()


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "Etc/GMT+5", "America/Argentina/Buenos_Aires", "Asia/Calcutta"]
)
def test_names_of_the_iana_database_are_accepted(zone: str) -> None:
    window = f'{{change_windows: [{{from: "22:00", to: "23:00", time_zone: "{zone}"}}]}}'
    found = manifest(f"version: 1\nlimits: {window}\nenvironments: {{a: null}}\n")
    assert [item.time_zone for item in found.change_windows] == [zone]


@pytest.mark.parametrize(
    ("windows", "moment", "opening"),
    [
        (((NIGHTS,),), "2026-11-27T12:00:00Z", "2026-11-30T22:00:00+01:00"),  # from Friday to Monday
        (((NIGHTS, SUNDAY),), "2026-11-27T12:00:00Z", "2026-11-29T00:00:00+00:00"),  # the first of both
        (((NIGHTS,), (SUNDAY,)), "2026-11-27T12:00:00Z", None),  # never both at once
        ((), "2026-11-27T12:00:00Z", None),
        # 02:30 does not exist on this day: the clock goes from 02:00 to 03:00.
        (((ChangeWindow((6,), 150, 300, "Europe/Berlin"),),), "2026-03-28T12:00:00Z", "2026-03-29T03:30:00+02:00"),
    ],
)
def test_the_next_opening_is_the_first_time_at_which_a_window_of_each_manifest_is_open(
    windows: tuple[tuple[ChangeWindow, ...], ...], moment: str, opening: str | None
) -> None:
    found = next_opening(windows, datetime.fromisoformat(moment))
    assert (found.isoformat() if found else None) == opening
