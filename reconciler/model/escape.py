"""Makes text from files and from the network harmless to terminals and to the log parsers of CI runners."""

from __future__ import annotations

import re

from reconciler.model.masking import mask_keys

# Formats that are JSON, and the one that escapes commands piece by piece, because its own lines are such commands.
JSON_FORMATS = frozenset({"json", "sarif", "codeclimate", "rdjson", "gitlab"})
_BY_PIECE = frozenset({"github"})

# What runners act on: `##[…]` and `##vso[…]` anywhere in a line (Azure Pipelines; GitHub's older form), `::…::` where a line
# begins, after white space and colour (actions/runner, ActionCommand.cs). Further on in a line `::word::` and `::word …` count
# as well, because a log may be printed again by others; `2001:db8::a` does not, unless a second `::` follows.
_COMMAND = re.compile(
    r"#(?=#[\w.-]*\[)"
    r"|(?:(?m:^)|(?<=[\r\v\f\x1c-\x1e\x85\u2028\u2029]))(?:[^\S\n]|\x1b\[[0-9;]*m)*:(?=:)"
    r"|:(?=:(?![0-9A-Fa-f]{1,4}(?![\w-]|::))[A-Za-z][\w-]*(?:::|\s))"
)


def escape_control(text: str) -> str:
    """One line of text in which nothing is invisible: what is not printable becomes a visible escape such as `\\x1b`.

    That is every control character (line breaks, tabs and C1 included), format character (such as the bidirectional
    overrides), lone surrogate, private or unassigned code point (Unicode categories C*), and every space but U+0020.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def break_commands(text: str) -> str:
    """The text with a space in each sequence that a CI runner would take for a command: `# #[`, `: :error::`."""
    if "##" not in text and "::" not in text:
        return text
    return _COMMAND.sub(r"\g<0> ", text)


def escape_commands(json_text: str) -> str:
    """A JSON text in which the same sequences are written as JSON escapes, so that the values stay as they are."""
    if "##" not in json_text and "::" not in json_text:
        return json_text
    return _COMMAND.sub(lambda match: f"{match[0][:-1]}\\u{ord(match[0][-1]):04x}", json_text)


def finish(text: str, format_: str = "text") -> str:
    """The last step before any text is written: no API key and no command of a CI runner leaves the process."""
    text = mask_keys(text)
    if format_ in _BY_PIECE:
        return text
    return escape_commands(text) if format_ in JSON_FORMATS else break_commands(text)


def finish_lines(text: str) -> str:
    """The same for a message of several lines that may quote a command line."""
    return finish("\n".join(escape_control(line) for line in text.split("\n")))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
