"""The Imgwire custom domain API over HTTP."""

import sys

# httpx imports rich and pygments for a command line of its own, a fifth of its start-up time. A None in the place of that
# module makes the import fail, and httpx goes on without it (importlib, sys.modules).
_UNWANTED = "httpx._main"
if _UNWANTED not in sys.modules:
    sys.modules[_UNWANTED] = None  # type: ignore[assignment]
    import httpx  # noqa: F401

    del sys.modules[_UNWANTED]
