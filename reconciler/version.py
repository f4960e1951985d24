"""The version of the package, for everybody."""

__version__ = "0.1.0"
