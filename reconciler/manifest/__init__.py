"""The manifest language: from text to the desired state, or to every problem. The entry point is `load`."""

from reconciler.manifest.loader import Loaded, load, parse_documents
from reconciler.manifest.trust import Trust

__all__ = ["Loaded", "Trust", "load", "parse_documents"]
