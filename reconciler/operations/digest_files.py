"""A digest that an option names, itself or by a file."""

from __future__ import annotations

from reconciler.files import read_bounded


def read_digest(text: str) -> str:
    """The digest that the text is, or that the file FILE of `@FILE` has. Raises ValueError."""
    from reconciler.model.digest import parse_digest  # not needed for `--help`

    if not text.startswith("@"):
        return parse_digest(text)
    try:
        return parse_digest(read_bounded(text[1:], 4096).decode("utf-8", "replace"))
    except OSError as error:
        raise ValueError(f"cannot read {text[1:]}: {error.strerror or error}") from None
