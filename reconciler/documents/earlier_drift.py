"""An earlier drift report, read back for the page that shows since when something has drifted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.documents.format import REPORT, is_readable
from reconciler.model.history import EarlierDrift, EarlierFinding

if TYPE_CHECKING:
    from reconciler.documents.format import Object

_MAX_NAME = 256  # characters of a name or a kind
_FINGERPRINT = re.compile("[0-9a-f]{16,64}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def earlier_drift_of(document: Object, api_url: str) -> EarlierDrift:
    """Of this API only. Raises ValueError, KeyError, TypeError or AttributeError for any other document."""
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
