"""The four calls of the custom domain API, and which of them a command may send."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.model.errors import Conflict

# Exactly as declared: one with a trailing slash, one without (OpenAPI).
DOMAIN_PATH = "/api/v1/custom_domain/"
TEST_PATH = "/api/v1/custom_domain/test_connection"


@dataclass(frozen=True, slots=True)
class Call:
    """`conflict_hint` is what to do when the API answers 409 (conflict)."""

    method: str
    path: str
    conflict_hint: str | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


READ_DOMAIN = Call("GET", DOMAIN_PATH)
TEST_CONNECTION = Call("POST", TEST_PATH)
CREATE_DOMAIN = Call("POST", DOMAIN_PATH, Conflict.create_hint)
DELETE_DOMAIN = Call("DELETE", DOMAIN_PATH)


class AllowedCalls(Enum):
    """The calls a command may make. The client refuses any other before it reaches the network."""

    READ = frozenset({READ_DOMAIN})
    TEST = frozenset({READ_DOMAIN, TEST_CONNECTION})
    WRITE = frozenset({READ_DOMAIN, TEST_CONNECTION, CREATE_DOMAIN, DELETE_DOMAIN})
