"""From an environment's name to the variable that holds its key."""

from __future__ import annotations

import re

FALLBACK_VARIABLE = "IMGWIRE_API_KEY"
"""Asked in a manifest with one environment, when the variable of its own is unset."""


def variable_for(name: str) -> str:
    """`IMGWIRE_API_KEY_<NAME>`: upper case, every other character `_`."""
    return f"{FALLBACK_VARIABLE}_{re.sub('[^A-Z0-9]', '_', name.upper())}"
