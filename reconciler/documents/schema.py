"""Whether a document that is read back fits its JSON Schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.schema_files import read_schema

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def misfit(document: Object, schema: str) -> str | None:
    """Why the document does not fit the schema of that name (`plan` or `report`), to follow its name; None where it fits.

    Fields that the schema does not know are fine: later minor versions add some.
    """
    from jsonschema import Draft202012Validator  # slow to import
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(_open(json.loads(read_schema(schema)))).iter_errors(document))
    if error is None:
        return None
    place = ".".join(str(part) for part in error.absolute_path) or "the document"
    return f"{place} does not fit the {schema} schema ({error.validator})"


def _open(schema: Any) -> Any:
    """The schema without its closed objects."""
    match schema:
        case dict():
            kept = {key: value for key, value in schema.items() if (key, value) != ("additionalProperties", False)}
            return {key: _open(value) for key, value in kept.items()}
        case list():
            return [_open(value) for value in schema]
        case _:
            return schema
