"""Where a run may write: never over what it reads, nor over another output of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.files import RefusedFile, check_output, descriptor_of
from reconciler.model.escape import JSON_FORMATS
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, Stopped

if TYPE_CHECKING:
    from collections.abc import Sequence


class Unwritable(Stopped):
    """An output must not be written. No report is written either."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(Failed(ExitCode.USAGE, "usage", message, hint))


def check_outputs(written: Sequence[str], read: Sequence[str], *, format_: str = "text") -> None:
    """Raises Unwritable where an output would take the place of something that is read, or of another output, or would follow
    the document of `format_` on standard output."""
    for place, path in enumerate(written):
        number = descriptor_of(path)
        if number == 1 and format_ in JSON_FORMATS:
            raise Unwritable(f"{path} has the document of --format {format_} already", "give the other one a file")
        if number is not None and number in map(descriptor_of, written[:place]):
            raise Unwritable(f"{path} is named twice", "give each output a place of its own")
        clash = next((other for other in (*read, *written[:place]) if _would_replace(path, other)), None)
        if path == "-":
            raise Unwritable("`-` is no file to write to", "standard output has the format of --format")
        if clash is not None:
            raise Unwritable(f"{path} would overwrite {clash}", "give it a path of its own")
        try:
            check_output(path)
        except RefusedFile as error:
            hint = "name a regular file, /dev/null or an open descriptor such as /dev/stdout"
            raise Unwritable(f"cannot write to {path}: {error.strerror}", hint) from None


def _would_replace(written: str, read: str) -> bool:
    """Writing the one would replace the other: one file, or a manifest in a folder of them. Devices and pipes lose nothing."""
    if os.path.exists(written) and not os.path.isfile(written):  # noqa: PTH110, PTH113 - Path raises at a loop of links
        return False
    target, source = os.path.realpath(written), os.path.realpath(read)
    if os.path.isdir(source):  # noqa: PTH112
        return Path(target).suffix in {".yaml", ".yml"} and Path(target).is_relative_to(source)
    try:
        return Path(target).samefile(source)
    except OSError:
        return target == source
