"""The JSON documents of this tool: their formats, and the versions that can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]
"""A JSON object, as `json.loads` returns it."""

PLAN = "imgwire-reconciler/plan"
REPORT = "imgwire-reconciler/report"
VERSION = "1.0"
"""A minor version adds fields. Readers ignore fields that they do not know."""


def is_readable(document: Object) -> bool:
    """The document is of this major version."""
    version = document.get("format_version")
    return isinstance(version, str) and version.partition(".")[0] == VERSION.partition(".")[0]
