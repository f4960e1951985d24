"""JSON documents as text."""

from __future__ import annotations

import json

from reconciler.render.escape import finish


def to_json(data: object) -> str:
    """Indented and in ASCII, so that no text of the API or the manifest sends a control sequence through a reader of it."""
    return finish(json.dumps(data, indent=2, ensure_ascii=True), "json") + "\n"
