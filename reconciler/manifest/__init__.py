"""Text in, wishes or every problem out: the manifest language. `load` is the way in."""

from reconciler.manifest.loader import Loaded, load, parse_documents

__all__ = ["Loaded", "load", "parse_documents"]
