"""Authentication: keys, user sessions and `X-Environment-Id`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.emulator.caller import Caller
from reconciler.emulator.problems import invalid_token, not_authorized, not_found, payment_required, validation_error
from reconciler.emulator.state import Environment, Key, State, digest, stable_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from reconciler.emulator.core import Core
    from reconciler.model.environments import Secret

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
SERVER_KEY = "sk_"  # tutorials and readmes show server keys so, and client keys as ck_
SESSION = "session_"  # ours: stands for a signed-in user of the dashboard, who may open every Environment


@dataclass(frozen=True, slots=True)
class Account:
    """A key and the Environment it opens; without an id, one that is derived from the name and stays the same."""

    name: str
    key: Secret
    environment_id: str | None = None


class Authenticator:
    """Registers keys and finds the Environment that a request may use."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def register(self, accounts: Iterable[Account]) -> None:
        """Add the accounts whose keys are not known.

        A known key keeps what it opens, whatever the account says, and opens more only where the accounts give one key
        several ids.
        """
        wanted: dict[str, dict[str, str]] = {}
        for account in accounts:
            environment_id = (account.environment_id or stable_id(account.name)).lower()
            wanted.setdefault(digest(account.key.reveal()), {})[environment_id] = account.name
        with self._core.reading() as state:
            if not any(_missing_environments(state, name, ids) for name, ids in wanted.items()):
                return
        with self._core.writing() as state:
            for name, ids in wanted.items():
                for environment_id in _missing_environments(state, name, ids):
                    self._grant(state, name, environment_id, ids[environment_id])

    def identify(self, authorization: str | None, environment_id: str | None) -> Caller:
        """The caller as the headers name it, for faults and the log. Checks nothing and changes nothing."""
        token = _token(authorization)
        if token is None:
            return Caller()
        name = digest(token)
        with self._core.reading() as state:
            key = state.keys.get(name)
            opened = key.environments if key else (stable_id(name),)
            meant = opened[0] if len(opened) == 1 else None
            if environment_id and is_uuid(environment_id):
                meant = environment_id.lower()
            found = state.environments.get(meant or "")
            return Caller(name, key.label if key else None, meant, found.name if found else None)

    def authenticate(self, authorization: str | None, environment_id: str | None) -> str:
        """The id of the Environment that a request is for. Raises Problem: 401, 402, 403, 404, 422."""
        switches = self._core.switches
        token = self._credential(authorization)
        if environment_id is not None and not is_uuid(environment_id):
            raise validation_error(("header", "X-Environment-Id"), "Input should be a valid UUID", "uuid_parsing")
        with self._core.reading() as state:
            opened: Collection[str] = state.environments
            if not token.startswith(SESSION):
                opened = state.keys[digest(token)].environments
            meant = self._select_environment(opened, environment_id.lower() if environment_id else None)
            if meant not in state.environments:
                raise invalid_token(switches, "The key's Environment does not exist any more")
            if switches.payment_blocks == "all" and not state.organization.paid:
                raise payment_required(switches)
        return meant

    def authenticate_session(self, authorization: str | None) -> None:
        """Accept user sessions only, unless `environments_api` is `any`. Raises Problem: 401."""
        token = self._credential(authorization)
        if not token.startswith(SESSION) and self._core.switches.environments_api == "session":
            raise invalid_token(self._core.switches, "A user session is needed, not a Server API Key")

    def new_environment(self, state: State, environment_id: str, name: str) -> Environment:
        """An Environment created now; it is put into the state."""
        stamp = self._core.stamp(state)
        environment = Environment(environment_id, name, stamp, stamp, default=not state.environments)
        state.put(environment)
        return environment

    def _credential(self, authorization: str | None) -> str:
        token = _token(authorization)
        if token is None:
            raise invalid_token(self._core.switches, "Missing credential")
        name = digest(token)
        with self._core.reading() as state:
            if name in state.keys:
                return token
        if self._core.switches.strict_keys or not token.startswith((SERVER_KEY, SESSION)):
            raise invalid_token(self._core.switches, "Invalid API key")
        if not token.startswith(SESSION):
            with self._core.writing() as state:
                self._grant(state, name, stable_id(name), f"key-{name[:8]}")
        return token

    def _grant(self, state: State, name: str, environment_id: str, label: str) -> None:
        known = state.keys.get(name, Key(label, ()))
        state.put(replace(known, environments=(*known.environments, environment_id)), name)
        if environment_id not in state.environments:
            self.new_environment(state, environment_id, label)

    def _select_environment(self, opened: Collection[str], wanted: str | None) -> str:
        if wanted is not None and wanted in opened:
            return wanted
        switches = self._core.switches
        if wanted is None or switches.foreign_environment == "ignore":
            if len(opened) == 1:
                return next(iter(opened))
            message = "Field required: this credential opens several Environments"
            raise validation_error(("header", "X-Environment-Id"), message, "missing")
        if switches.foreign_environment == "hide":
            raise not_found(switches, "Environment")
        raise not_authorized(switches)


def is_uuid(text: str) -> bool:
    """The text is a UUID in its usual form."""
    return _UUID.fullmatch(text) is not None


def _missing_environments(state: State, name: str, ids: dict[str, str]) -> list[str]:
    known = state.keys.get(name)
    if known is None:
        return list(ids)
    return [item for item in ids if item not in known.environments] if len(ids) > 1 else []


def _token(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None
