"""Text in, wishes or every problem out: the manifest language. `load` is the way in."""

from reconciler.manifest.loader import Loaded, load, parse_documents
from reconciler.manifest.trust import Trust

__all__ = ["Loaded", "Trust", "load", "parse_documents"]
