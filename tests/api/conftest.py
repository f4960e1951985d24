"""Fixtures of the tests of the API client."""

from api.servers import authority

__all__ = ["authority"]
