"""Texts are plain technical English: none has a word of the list below."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

# word: (pattern, what to write instead)
BANNED = {
    "all the same": (r"all the same", "to override: …; anyway"),
    "beside which": (r"beside which", "two sentences"),
    "by half": (r"by half|by halves", "only one side of"),
    "carry": (r"carry|carries|carried", "contain, write, return"),
    "cut off": (r"cut off", "stopped, interrupted"),
    "for good": (r"for good", "permanently"),
    "half done": (r"half[ -]done", "in progress"),
    "hear": (r"hears?|heard", "receive"),
    "hold": (r"holds?|held", "contain, compare, have"),
    "lead to": (r"leads? to|led to", "point to"),
    "live already": (r"live already", "existing"),
    "look at": (r"look(?:s|ed|ing)? at|looked(?! up)", "check, read"),
    "mend": (r"mend(?:s|ed|ing)?", "fix"),
    "no part of": (r"no part of", "not counted"),
    "nobody": (r"nobody|somebody", "name who or what"),
    "on its way": (r"on (?:its|the) way", "in progress, in flight"),
    "ours": (r"ours", "name it"),
    "put back": (r"put(?:s|ting)? back", "restore"),
    "said": (r"says?|said", "report, print, declare"),
    "stand": (r"stands?(?! for\b|-)|stood", "is, appears"),
    "strike": (r"strikes?|struck", "match, happen"),
    "tell": (r"tells?|telling|told", "report, show"),
    "what became of": (r"what became", "the outcome of"),
    "whoever": (r"whoever|whomever|whom", "name who"),
    "wish": (r"wish(?:es|ed)?", "desired"),
}
PATTERNS = {
    word: re.compile(rf"(?<![\w`-])(?:{pattern})(?![\w`])", re.IGNORECASE) for word, (pattern, _) in BANNED.items()
}


def texts(path: Path) -> str:
    """What people read of a file: all of a document; of a module its texts, help and docstrings."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".md":  # the output of commands is checked where it is written
        return re.sub(r"^```console\n.*?^```$", "", content, flags=re.MULTILINE | re.DOTALL)
    if path.suffix != ".py":
        return content
    return "\n".join(
        node.value
        for node in ast.walk(ast.parse(content))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def files() -> list[Path]:
    """Everything that is read by users, or by people who call or change the package."""
    named = [ROOT / "README.md", ROOT / "CHANGELOG.md"]
    below = (
        path
        for folder, endings in (
            ("reconciler", {".py"}),
            ("docs", {".md"}),
            ("examples", {".md", ".py", ".yaml", ".yml"}),
            ("schemas", {".json"}),
        )
        for path in (ROOT / folder).rglob("*")
        if path.suffix in endings
    )
    generated = (
        ROOT / "docs" / "reference"
    )  # repeats texts of the code and the schemas, which are checked at their source
    return sorted([*named, *(path for path in below if generated not in path.parents)])


def test_no_text_has_a_banned_word() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}: write `{BANNED[word][1]}`"
        for path in files()
        for text in [" ".join(texts(path).split())]
        for word, pattern in PATTERNS.items()
        for match in pattern.finditer(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mend the cause, then run it again", ["mend"]),
        ("what is told of it", ["tell"]),
        ("an environment that is not ours", ["ours"]),
        ("to go ahead all\nthe same:", ["all the same"]),
        ("what stands there; a stand-in stands for it", ["stand"]),
        ("looked up, looked at, looks like", ["look at"]),
        ("`told`, `held` and --hold are names", []),
        ("said to be gone, for good, whoever asked", ["for good", "said", "whoever"]),
        ("amended, untold, shareholder, standing, hours", []),
    ],
)
def test_banned_words_are_found_and_others_are_not(text: str, words: list[str]) -> None:
    assert sorted(word for word, pattern in PATTERNS.items() if pattern.search(" ".join(text.split()))) == words


def test_the_texts_of_a_module_are_its_literals_and_docstrings(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""One."""\nname = "two" # three\ndef told(): f"four {name} five"\n', encoding="utf-8")
    assert texts(module).split() == ["One.", "two", "four", "five"]
