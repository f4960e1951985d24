"""The pages are written in short sentences, for readers in a hurry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .pages import pages

ROOT = Path(__file__).parents[2]
MAX_WORDS = 20
GENERATED = ROOT / "docs" / "reference"  # help texts and docstrings are checked where they are written
NOT_YET = {"emulator.md", "diagnostics.md"}  # long lists of technical cases
PAGES = [
    path
    for path in [*pages(ROOT), ROOT / "SECURITY.md"]
    if path.exists() and GENERATED not in path.parents and path.name not in NOT_YET
]


def sentences(text: str) -> list[str]:
    """The sentences of a page: no code blocks, no comments, and each cell of a table by itself."""
    text = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)
    parts: list[str] = []
    for block in re.split(r"\n\s*\n|\n(?=\s*[-*|#] |\s*\d+\. |\|)", text):
        joined = " ".join(block.split())
        parts += joined.split("|") if joined.startswith("|") else [joined]
    return [sentence for part in parts for sentence in re.split(r"(?<=[.!?:;])\s+", part)]


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_no_sentence_is_too_long(path: Path) -> None:
    found = sentences(path.read_text(encoding="utf-8"))
    assert [text for text in found if sum(1 for word in text.split() if re.search(r"\w", word)) > MAX_WORDS] == []
