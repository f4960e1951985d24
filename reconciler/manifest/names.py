"""The variable for the key of an environment."""

from __future__ import annotations

import re

FALLBACK_VARIABLE = "IMGWIRE_API_KEY"
"""Used in a manifest with one environment, if its own variable is not set."""


def variable_for(name: str) -> str:
    """`IMGWIRE_API_KEY_<NAME>`: upper case, every other character `_`."""
    return f"{FALLBACK_VARIABLE}_{re.sub('[^A-Z0-9]', '_', name.upper())}"
