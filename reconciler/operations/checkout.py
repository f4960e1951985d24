"""The repository that a pipeline has checked out."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from reconciler.render.style import Style

if TYPE_CHECKING:
    from collections.abc import Mapping


def style_in_checkout(environ: Mapping[str, str]) -> Style:
    """How to write files: plain, with paths relative to the checkout of GitHub Actions or GitLab CI, if there is one."""
    checkout = environ.get("GITHUB_WORKSPACE") or environ.get("CI_PROJECT_DIR")
    if not checkout:
        return Style()
    with contextlib.suppress(OSError, ValueError):
        return Style(folder=os.path.realpath(os.curdir), checkout=os.path.realpath(checkout))
    return Style()
