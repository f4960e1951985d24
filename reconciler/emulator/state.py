"""What the emulator remembers, as values, and their plain JSON form. Keys are kept as SHA-256 digests only."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from reconciler.model.domains import FIELDS, Domain

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "imgwire-reconciler/emulator-state"
_NAMESPACE = uuid.UUID("e7b0f3a6-3f0c-5c5e-9b1e-6c1d0f7c2a41")


class StateError(Exception):
    """The state file is damaged, of another kind, or cannot be used. `str()` is one line fit for people."""


def digest(key: str) -> str:
    """The form in which a key is kept and hostname_key: SHA-256 in hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def stable_id(name: str) -> str:
    """A UUID that one text always gets."""
    return str(uuid.uuid5(_NAMESPACE, name))


@dataclass(frozen=True, slots=True)
class Claim:
    """A custom domain, and what is remembered beside its twelve fields.

    `checks` counts calls of test_connection; `script` lists (status, certificate_status) pairs for the next checks;
    `gone_at` is the time when a deleted domain is no longer shown, in seconds of the emulator's clock.
    """

    domain: Domain
    checks: int = 0
    script: tuple[tuple[str, str], ...] = ()
    gone_at: float | None = None


@dataclass(frozen=True, slots=True)
class Environment:
    """One Imgwire Environment; `claim` is its custom domain."""

    id: str
    name: str
    created_at: str
    updated_at: str
    default: bool = False
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """What a key opens: ids of Environments, and a label for people."""

    label: str
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Organization:
    """The plan and billing flags that decide whether custom domains are paid for (OpenAPI, BillingPlan and Organization)."""

    id: str = field(default_factory=lambda: stable_id("organization"))
    custom_domain_enabled: bool = True
    subscription_status: str = "ACTIVE"
    blocked: bool = False

    @property
    def paid(self) -> bool:
        """Custom domains may be used."""
        return (
            self.custom_domain_enabled and not self.blocked and self.subscription_status not in ("INACTIVE", "CANCELED")
        )


Item = Environment | Key | Organization | float | None
Change = tuple[str, str, Item]


class State:
    """The whole state in memory. `put` is the only way to change it, and records the changes for the store."""

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self._forget()

    def _forget(self) -> None:
        self.environments: dict[str, Environment] = {}
        self.keys: dict[str, Key] = {}
        self.organization = Organization()
        self.clock_offset = 0.0
        self._claims: dict[str, str] = {}

    def holder(self, hostname: str) -> Environment | None:
        """The Environment whose custom domain has this hostname, hostname_key in lower case without a trailing dot."""
        holder = self._claims.get(hostname_key(hostname))
        return None if holder is None else self.environments[holder]

    def put(self, item: Item, name: str = "") -> None:
        """Set an Environment, the Key with this digest, the Organization or the clock's offset."""
        match item:
            case Environment():
                self._change("environment", item.id, item)
            case Key():
                self._change("key", name, item)
            case Organization():
                self._change("organization", "", item)
            case float():
                self._change("clock_offset", "", item)

    def remove_environment(self, name: str) -> None:
        """Forget an Environment with its custom domain."""
        self._change("environment", name, None)

    def clear(self) -> None:
        """Forget everything."""
        self._change("all", "", None)

    def take_changes(self) -> list[Change]:
        """What changed since the last call, in order."""
        changes, self._changes = self._changes, []
        return changes

    def apply(self, kind: str, name: str, item: Item) -> None:
        """Do one change without taking it down: what reading a journal back needs."""
        match kind, item:
            case "environment", Environment() | None:
                before = self.environments.get(name)
                if before is not None and before.claim is not None:
                    self._claims.pop(hostname_key(before.claim.domain.hostname), None)
                if item is None:
                    self.environments.pop(name, None)
                    return
                self.environments[name] = item
                if item.claim is not None:
                    self._claims[hostname_key(item.claim.domain.hostname)] = name
            case "key", Key():
                self.keys[name] = item
            case "organization", Organization():
                self.organization = item
            case "clock_offset", float():
                self.clock_offset = item
            case "all", None:
                self._forget()
            case _:
                raise StateError(f"unknown change `{kind}`")

    def _change(self, kind: str, name: str, item: Item) -> None:
        self.apply(kind, name, item)
        self._changes.append((kind, name, item))


def hostname_key(hostname: str) -> str:
    """The form in which hostnames are hostname_key."""
    return hostname.lower().removesuffix(".")


def to_json(item: Item) -> Any:
    """Plain data for one value."""
    match item:
        case Environment():
            return {
                "name": item.name,
                "default": item.default,
                "created_at": item.created_at,
                "updated_at": item.updated_at,
                "domain": None if item.claim is None else _claim_to_json(item.claim),
            }
        case Key():
            return {"label": item.label, "environments": list(item.environments)}
        case Organization():
            return {
                "id": item.id,
                "custom_domain_enabled": item.custom_domain_enabled,
                "subscription_status": item.subscription_status,
                "blocked": item.blocked,
            }
        case _:
            return item


def from_json(kind: str, name: str, value: Any) -> Item:
    """The value back. Raises KeyError, TypeError or ValueError for data of another shape."""
    if value is None or kind == "all":
        return None
    if kind == "environment":
        label, created_at, updated_at = _texts(value, "name", "created_at", "updated_at")
        claim = None if value["domain"] is None else _claim_from_json(name, value["domain"])
        return Environment(str(uuid.UUID(name)), label, created_at, updated_at, value["default"] is True, claim)
    if kind == "key":
        return Key(value["label"], tuple(str(uuid.UUID(item)) for item in value["environments"]))
    if kind == "organization":
        return replace(Organization(), **{name: value[name] for name in to_json(Organization())})
    return float(value)


def _claim_to_json(claim: Claim) -> dict[str, Any]:
    plain: dict[str, Any] = claim.domain.as_dict()
    if claim.checks:
        plain["checks"] = claim.checks
    if claim.script:
        plain["script"] = [list(pair) for pair in claim.script]
    if claim.gone_at is not None:
        plain["gone_at"] = claim.gone_at
    return plain


def _claim_from_json(environment_id: str, value: Mapping[str, Any]) -> Claim:
    _texts(value, *(name for name in FIELDS if name != "last_verified_at"))
    domain = Domain(**{name: value[name] for name in FIELDS})
    if domain.environment_id != environment_id:
        raise ValueError("a custom domain names another environment")
    script = tuple((str(status), str(certificate)) for status, certificate in value.get("script", ()))
    gone_at = value.get("gone_at")
    return Claim(domain, int(value.get("checks", 0)), script, None if gone_at is None else float(gone_at))


def _texts(value: Mapping[str, Any], *names: str) -> list[str]:
    texts = [value[name] for name in names]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text was expected")
    return texts
