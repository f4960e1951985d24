"""Earlier drift reports in a folder, for the page that shows since when something has drifted."""

from __future__ import annotations

import heapq
import json
import os
import re
from typing import TYPE_CHECKING, Any

from reconciler.files import read_bounded
from reconciler.model.documents import REPORT, is_readable
from reconciler.model.exit_codes import ExitCode
from reconciler.model.history import NO_HISTORY, EarlierDrift, EarlierFinding, History
from reconciler.model.results import Failed, Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.operations.context import Context

MAX_RUNS = 30
_MAX_FILES = 60
_MAX_BYTES = 64 * 1024 * 1024  # of one file
_MAX_TOTAL = 512 * 1024 * 1024  # of all that are read
_MAX_NAME = 256  # characters of a name or a kind
_FINGERPRINT = re.compile("[0-9a-f]{16,64}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


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
            runs.append(_run(json.loads(content), api_url))
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


def _run(document: Mapping[str, Any], api_url: str) -> EarlierDrift:
    """Raises ValueError, KeyError, TypeError, AttributeError."""
    if document["format"] != REPORT or not is_readable(document) or document["command"] != "drift":
        raise ValueError("another document")
    if document["source"]["api_url"] != api_url:
        raise ValueError("another API")
    findings = {
        _matching(_FINGERPRINT, item["fingerprint"]): EarlierFinding(_name(item["environment"]), _name(item["kind"]))
        for item in document["findings"]
    }
    read = frozenset(_name(item["name"]) for item in document["environments"] if item["error"] is None)
    return EarlierDrift(_matching(_TIME, document["created_at"]), findings, read)


def _matching(form: re.Pattern[str], value: str) -> str:
    if not form.fullmatch(value):
        raise ValueError("another form")
    return value


def _name(value: str) -> str:
    if not isinstance(value, str) or len(value) > _MAX_NAME:
        raise ValueError("no name")
    return value
