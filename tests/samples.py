"""Values for tests: environments, custom domains and live states, each with sensible defaults."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from reconciler.model.domains import Absent, Domain, Live, Present, Unreadable
from reconciler.model.environments import Environment, KeyVariable
from reconciler.model.errors import BackendError, NoAnswer, Unauthorized

API_URL = "https://api.imgwire.dev"
TIME = "2026-03-01T12:00:00Z"


def uid(name: str) -> str:
    """A UUID that one name always gets."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def wish(name: str, hostname: str | None, **more: Any) -> Environment:
    """What the manifest wants in one environment."""
    return Environment(name, hostname, KeyVariable(f"IMGWIRE_API_KEY_{name.upper()}"), **more)


def domain(environment: str, hostname: str, **more: Any) -> Domain:
    """A custom domain that is ready, in the environment of that name."""
    whole = Domain(
        id=uid(f"{environment}/{hostname}"),
        environment_id=uid(environment),
        hostname=hostname,
        cname_record=hostname,
        cname_value="cdn-proxy.imgwire.dev",
        dcv_cname_record=f"_acme-challenge.{hostname}",
        dcv_cname_value=f"{uid(hostname)[:8]}.dcv.imgwire.dev",
        certificate_status="ACTIVE",
        status="CONNECTED",
        last_verified_at=TIME,
        created_at=TIME,
        updated_at=TIME,
    )
    return replace(whole, **more)


def pending(environment: str, hostname: str) -> Domain:
    """A custom domain that nobody has verified yet."""
    return domain(environment, hostname, status="PENDING", certificate_status="PENDING", last_verified_at=None)


def live(environment: str, hostname: str | None, **more: Any) -> Live:
    """What is live: the hostname, or nothing."""
    return Absent() if hostname is None else Present(domain(environment, hostname, **more))


def unreadable(error: BackendError | None = None) -> Unreadable:
    """What could not be read; without an error, because nobody answered."""
    return Unreadable(error or NoAnswer("GET /api/v1/custom_domain/: no answer: timed out"))


def locked_out() -> Unreadable:
    """What could not be read because the key is not accepted."""
    return Unreadable(
        Unauthorized(
            "GET /api/v1/custom_domain/: 401 Invalid API key (InvalidTokenError)",
            status=401,
            error_type="InvalidTokenError",
        )
    )
