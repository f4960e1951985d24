"""From a baseline file to what an earlier run saw."""

from __future__ import annotations

import json
from typing import Any

from reconciler.cli.failure import Failure
from reconciler.manifest.files import read_at_most
from reconciler.model.exit_codes import ExitCode
from reconciler.planning.baseline import Baseline, NotABaseline, from_document

_LARGEST = 256 * 1024 * 1024  # bytes; 20,000 environments take about 30 MB


def read_baseline(path: str) -> Baseline:
    """What the run that wrote this file saw. Raises Failure."""
    try:
        content, _ = read_at_most(path, _LARGEST + 1)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise _unusable(path, "cannot be read: this is not a path") from None
    if len(content) > _LARGEST:
        raise _unusable(path, "is larger than any report")
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
