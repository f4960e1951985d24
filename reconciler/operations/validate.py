"""`validate`: every check that needs no key and no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.diagnostics import InvalidInput
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, Stopped, ValidateResult
from reconciler.operations.workspace import source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.environments import Source
    from reconciler.operations.workspace import Inputs


def validate(
    inputs: Inputs, *, names: Sequence[str] = (), selectors: Sequence[str] = (), shard: str | None = None
) -> ValidateResult:
    """Check manifests. Raises Stopped for an unusable address or selector."""
    from reconciler.manifest.loader import load
    from reconciler.manifest.selection import select

    source: Source | None = None
    try:
        loaded = load(inputs.paths, trust=inputs.trust)
        source = source_of(loaded.manifest, inputs, names, selectors, shard)
        selected = select(loaded.manifest, names, selectors, shard)
    except InvalidInput as error:
        return ValidateResult(error.diagnostics, source=source)
    except ValueError as error:
        raise Stopped(Failed(ExitCode.USAGE, "usage", str(error)), source) from None
    return ValidateResult((*loaded.warnings, *loaded.advice), len(selected), len(loaded.manifest.files), source)
