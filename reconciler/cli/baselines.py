"""From a baseline file to what an earlier run saw."""

from __future__ import annotations

import json
from typing import Any

from reconciler.cli.failure import Failure
from reconciler.files import MAX_DOCUMENT_BYTES, read_bounded
from reconciler.model.exit_codes import ExitCode
from reconciler.planning.baseline import Baseline, NotABaseline, from_document


def read_baseline(path: str) -> Baseline:
    """What the run that wrote this file saw. Raises Failure."""
    try:
        content = read_bounded(path, MAX_DOCUMENT_BYTES)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    try:
        document: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise _unusable(path, "is not JSON") from None
    try:
        return from_document(document)
    except NotABaseline as error:
        raise _unusable(path, str(error)) from None


def _unusable(path: str, what: str) -> Failure:
    return Failure(
        ExitCode.DATA,
        "invalid_baseline",
        f"the baseline {path} {what}",
        "give a receipt of `apply`, or what `drift --format json` wrote",
    )
