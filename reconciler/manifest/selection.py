"""Selects the environments of a run."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.source_text import error
from reconciler.manifest.wording import closest, shorten
from reconciler.model.diagnostics import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Environment, Manifest


MAX_SHARDS = 1000


def select(
    manifest: Manifest, names: Sequence[str], selectors: Sequence[str], shard: str | None = None
) -> tuple[Environment, ...]:
    """The environments that have one of `names`, all labels of `selectors` (`name=value`), and are in `shard` (`I/N`).

    No names means any name. A shard may be empty. Raises InvalidInput with `unknown-environment` for each name that is not
    in the manifest and for selectors that match nothing, and ValueError for a selector or shard of another form.
    """
    labels = [_label(selector) for selector in selectors]
    index, count = _shard(shard) if shard is not None else (0, 1)
    known = {environment.name for environment in manifest.environments}
    unknown = sorted(set(names) - known)
    if unknown:
        raise InvalidInput(tuple(_unknown(name, tuple(sorted(known))) for name in unknown))
    matching = tuple(
        environment
        for environment in manifest.environments
        if (not names or environment.name in names)
        and all((environment.labels or {}).get(label) == value for label, value in labels)
    )
    if selectors and not matching:
        raise InvalidInput((_no_match(manifest, names, selectors),))
    return tuple(environment for environment in matching if shard_of(environment.name, count) == index)


def shard_of(name: str, count: int) -> int:
    """The shard of an environment, from 0. It depends on its name and the number of shards alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") % count


def _shard(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text, re.ASCII)
    index, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= count <= MAX_SHARDS or index >= count:
        raise ValueError(
            f"`{shorten(text)}` is not a shard: write `I/N`, such as `0/4`, with I from 0 to N - 1 and N at most {MAX_SHARDS}"
        )
    return index, count


def _no_match(manifest: Manifest, names: Sequence[str], selectors: Sequence[str]) -> Diagnostic:
    message = f"no environment has the labels {', '.join(f'`{shorten(selector)}`' for selector in selectors)}"
    if names:
        message += " among the environments of --env"
    labels = sorted({f"{key}={value}" for item in manifest.environments for key, value in (item.labels or {}).items()})
    hint = f"labels in the manifest: {_listed(labels)}" if labels else "no environment in the manifest has labels"
    return error(Code.UNKNOWN_ENVIRONMENT, message, hint=hint)


def _label(selector: str) -> tuple[str, str]:
    name, equals, value = selector.partition("=")
    if not name or not equals:
        raise ValueError(f"`{shorten(selector)}` is not a selector: write `name=value`, such as `team=web`")
    return name, value


def _unknown(name: str, known: tuple[str, ...]) -> Diagnostic:
    suggestion = closest(name, known)
    hint = f"did you mean `{suggestion}`?" if suggestion else f"environments in the manifest: {_listed(known)}"
    message = f"the manifest has no environment `{shorten(name)}`"
    return error(Code.UNKNOWN_ENVIRONMENT, message, hint=hint, environment=shorten(name))


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:8])
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
