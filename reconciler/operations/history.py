"""Earlier drift reports, for the page that shows since when something has drifted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.files import read_bounded
from reconciler.model.exit_codes import ExitCode
from reconciler.model.report import EarlierDrift
from reconciler.model.results import Failed, Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.operations.context import Context

MAX_RUNS = 30
"""The newest ones are kept."""

_MAX_FILES = 400
_MAX_BYTES = 64 * 1024 * 1024


def read_history(folder: str, context: Context) -> tuple[EarlierDrift, ...]:
    """The drift reports (`*.json`) in the folder, the oldest first. Of more than 400 files, the last by name are read.

    A file that is no drift report is skipped, with a notice. Raises Stopped where the folder cannot be read.
    """
    try:
        paths = sorted(path for path in Path(folder).iterdir() if path.suffix == ".json")
    except OSError as error:
        message = f"the history {folder} cannot be read: {error.strerror or error}"
        hint = "name a folder of files that `drift --report json=FILE` wrote"
        raise Stopped(Failed(ExitCode.DATA, "invalid_history", message, hint)) from None
    runs = []
    for path in paths[-_MAX_FILES:]:
        try:
            runs.append(_run(json.loads(read_bounded(str(path), _MAX_BYTES))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            context.observer.on_notice("warning", f"{path} is not a drift report: skipped")
    return tuple(sorted(runs, key=lambda run: run.created_at)[-MAX_RUNS:])


def _run(document: Mapping[str, Any]) -> EarlierDrift:
    if document["format"] != "imgwire-reconciler/report" or document["command"] != "drift":
        raise ValueError("another document")
    findings = {
        str(item["fingerprint"]): f"{item['environment']}: {str(item['kind']).replace('_', ' ')}"
        for item in document["findings"]
    }
    return EarlierDrift(str(document["created_at"]), findings)
