"""Declarative custom domains for Imgwire: a manifest in, a plan out, and an apply that can be trusted."""

__version__ = "0.1.0"
