"""Earlier drift reports in a folder, for the page that shows since when something has drifted."""

from __future__ import annotations

import heapq
import json
import os
from typing import TYPE_CHECKING

from reconciler.documents.earlier_drift import earlier_drift_of
from reconciler.files import read_bounded
from reconciler.model.exit_codes import ExitCode
from reconciler.model.history import NO_HISTORY, History
from reconciler.model.results import Failed, Stopped

if TYPE_CHECKING:
    from reconciler.operations.context import Context

MAX_RUNS = 30
_MAX_FILES = 60
_MAX_BYTES = 64 * 1024 * 1024  # of one file
_MAX_TOTAL = 512 * 1024 * 1024  # of all that are read


def read_history(folder: str | None, api_url: str, context: Context) -> History:
    """The newest drift reports of this API in the folder, at most 30: `*.json`, the last 60 by name. None has none.

    Any other file is skipped, with a notice. Raises Stopped where the folder cannot be read.
    """
    if folder is None:
        return NO_HISTORY
    try:
        with os.scandir(folder) as entries:
            names = heapq.nlargest(_MAX_FILES, (entry.name for entry in entries if entry.name.endswith(".json")))
    except OSError as error:
        message = f"the history {folder} cannot be read: {error.strerror or error}"
        hint = "name a folder of files that `drift --report json=FILE` wrote"
        raise Stopped(Failed(ExitCode.DATA, "invalid_history", message, hint)) from None
    runs, skipped, room = [], [], _MAX_TOTAL
    for name in names:
        path = os.path.join(folder, name)  # noqa: PTH118 - as the user wrote it
        try:
            content = read_bounded(path, min(room, _MAX_BYTES))
            room -= len(content)
            runs.append(earlier_drift_of(json.loads(content), api_url))
        except OSError as error:
            reason = error.strerror or str(error)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            reason = "it is not a drift report of this API"
        else:
            continue
        skipped.append(path)
        context.observer.on_notice("warning", f"Skipped {path}: {reason}")
    runs.sort(key=lambda run: run.created_at)
    return History(tuple(runs[-MAX_RUNS:]), tuple(sorted(skipped)))
