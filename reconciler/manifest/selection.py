"""Narrows a manifest to the environments that a run is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.source_text import error
from reconciler.manifest.words import closest, shorten
from reconciler.model.diagnostics import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Environment, Manifest


def select(manifest: Manifest, names: Sequence[str], selectors: Sequence[str]) -> tuple[Environment, ...]:
    """The environments that have one of `names` and all labels of `selectors` (`name=value`); no names means any name.

    Raises InvalidInput with `unknown-environment` for each name that is not in the manifest and for a selection that
    leaves nothing, and ValueError for a selector of another form.
    """
    wanted = [_label(selector) for selector in selectors]
    known = {environment.name for environment in manifest.environments}
    unknown = sorted(set(names) - known)
    if unknown:
        raise InvalidInput(tuple(_unknown(name, tuple(sorted(known))) for name in unknown))
    found = tuple(
        environment
        for environment in manifest.environments
        if (not names or environment.name in names)
        and all((environment.labels or {}).get(label) == value for label, value in wanted)
    )
    if selectors and not found:
        said = f"no environment has the labels {', '.join(f'`{shorten(selector)}`' for selector in selectors)}"
        if names:
            said += " among those named with --env"
        labels = sorted(
            {f"{key}={value}" for item in manifest.environments for key, value in (item.labels or {}).items()}
        )
        hint = f"labels in the manifest: {_listed(labels)}" if labels else "no environment in the manifest has labels"
        raise InvalidInput((error(Code.UNKNOWN_ENVIRONMENT, said, hint=hint),))
    return found


def _label(selector: str) -> tuple[str, str]:
    name, equals, value = selector.partition("=")
    if not name or not equals:
        raise ValueError(f"`{shorten(selector)}` is not a selector: write `name=value`, such as `team=web`")
    return name, value


def _unknown(name: str, known: tuple[str, ...]) -> Diagnostic:
    meant = closest(name, known)
    hint = f"did you mean `{meant}`?" if meant else f"environments in the manifest: {_listed(known)}"
    said = f"the manifest has no environment `{shorten(name)}`"
    return error(Code.UNKNOWN_ENVIRONMENT, said, hint=hint, environment=shorten(name))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
