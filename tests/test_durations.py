"""Durations as people write them."""

from __future__ import annotations

import pytest

from reconciler.model.durations import parse_duration, parse_timeout, parse_validity


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), (" 0 ", 0)]
)
def test_a_duration_is_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "1x", "-1s", "1.5h", "3651d", "9" * 5000])
def test_a_text_that_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|is longer than"):
        parse_duration(text)


@pytest.mark.parametrize(("text", "message"), [("90", "'90' has no unit"), ("0s", "'0s' is less than 1 s")])
def test_a_validity_has_a_unit_and_is_not_zero(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_validity(text)


@pytest.mark.parametrize("text", ["0", "2h", "nan", "-1"])
def test_a_timeout_is_more_than_none_and_at_most_an_hour(text: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_timeout(text)
