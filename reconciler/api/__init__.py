"""The Imgwire custom domain API over HTTP: the only place that knows httpx."""

import sys

# httpx imports rich and pygments for a command line of its own, which is a fifth of what it takes to start. It goes on
# without them when that import fails, which a None in its place sees to (importlib, sys.modules).
_unwanted = "httpx._main"
if _unwanted not in sys.modules:
    sys.modules[_unwanted] = None  # type: ignore[assignment]
    import httpx  # noqa: F401

    del sys.modules[_unwanted]
