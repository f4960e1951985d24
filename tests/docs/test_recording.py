"""The recording of the README shows what its commands print now."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

from .shell import comparable

ROOT = Path(__file__).parents[2]

PICTURE = (ROOT / "docs" / "assets" / "recording.svg").read_text(encoding="utf-8")


def _frames(picture: str) -> list[str]:
    """The words of each frame, row by row."""
    frames = []
    for group in re.findall(r"<g.*?</g>", picture, re.DOTALL):
        rows: dict[int, list[str]] = {}
        for row, text in re.findall(r'data-at="(\d+),\d+">(.*?)</text>', group):
            rows.setdefault(int(row), []).append(html.unescape(text))
        frames.append("\n".join(" ".join(" ".join(words).split()) for _, words in sorted(rows.items())))
    return frames


def test_the_recording_is_current() -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import recording  # type: ignore[import-not-found]
    finally:
        sys.path.pop(0)
    recorded = _frames(recording.draw(recording.record()))
    assert [comparable(frame) for frame in _frames(PICTURE)] == [comparable(frame) for frame in recorded], (
        "run `python scripts/recording.py` and look at the picture"
    )


def test_the_recording_loads_nothing() -> None:
    assert set(re.findall(r"https?://[^\s\"<]+", PICTURE)) <= {
        "http://www.w3.org/2000/svg",
        "http://emulator.localhost?",
        "http://emulator.localhost",
    }
    assert not re.search(r"<script|<image|href=|url\(", PICTURE)
