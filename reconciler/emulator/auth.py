"""Authentication: keys, user sessions and `X-Environment-Id`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.emulator.caller import Caller
from reconciler.emulator.inputs import read_uuid
from reconciler.emulator.problems import invalid_token, not_authorized, not_found, payment_required, validation_error
from reconciler.emulator.state import Environment, Key, State, digest, stable_id
from reconciler.emulator.uuids import is_uuid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from reconciler.emulator.core import Core
    from reconciler.model.environments import Secret

_HEADER = ("header", "X-Environment-Id")
_SERVER_KEY = "sk_"  # tutorials and readmes show server keys in this form
_CLIENT_KEY = "ck_"  # and client keys in this one; they cannot manage custom domains
_SESSION = "session_"  # our invention: a signed-in user of the dashboard, with access to every Environment


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

        A known key keeps its Environments, also if the account changes. It gets more only where the accounts give one key
        several ids.
        """
        environments: dict[str, dict[str, str]] = {}
        for account in accounts:
            environment_id = (account.environment_id or stable_id(account.name)).lower()
            environments.setdefault(digest(account.key.reveal()), {})[environment_id] = account.name
        with self._core.reading() as state:
            if not any(_missing_environments(state, name, ids) for name, ids in environments.items()):
                return
        with self._core.writing() as state:
            for name, ids in environments.items():
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
            selected = opened[0] if len(opened) == 1 else None
            if environment_id and is_uuid(environment_id):
                selected = environment_id.lower()
            environment = state.environments.get(selected or "")
            return Caller(name, key.label if key else None, selected, environment.name if environment else None)

    def authenticate(self, authorization: str | None, environment_id: str | None) -> str:
        """The id of the Environment that a request is for. Raises Problem: 401, 402, 403, 404, 422."""
        switches = self._core.switches
        token = self._credential(authorization)
        header = None if environment_id is None else read_uuid(environment_id, switches, _HEADER)
        with self._core.reading() as state:
            opened: Collection[str] = state.environments
            if not token.startswith(_SESSION):
                opened = state.keys[digest(token)].environments
            selected = self._select_environment(opened, header)
            if selected not in state.environments:
                raise invalid_token(switches, "The key's Environment does not exist any more")
            if switches.payment_blocks == "all" and not state.organization.paid:
                raise payment_required(switches)
        return selected

    def authenticate_session(self, authorization: str | None) -> None:
        """Accept user sessions only, unless `environments_api` is `any`. Raises Problem: 401."""
        token = self._credential(authorization)
        if not token.startswith(_SESSION) and self._core.switches.environments_api == "session":
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
        if is_client_key(token):
            raise invalid_token(self._core.switches, "A Server API Key is needed, not a Client Key")
        name = digest(token)
        with self._core.reading() as state:
            if name in state.keys:
                return token
        if self._core.switches.strict_keys or not token.startswith((_SERVER_KEY, _SESSION)):
            raise invalid_token(self._core.switches, "Invalid API key")
        if not token.startswith(_SESSION):
            with self._core.writing() as state:
                self._grant(state, name, stable_id(name), f"key-{name[:8]}")
        return token

    def _grant(self, state: State, name: str, environment_id: str, label: str) -> None:
        known = state.keys.get(name, Key(label, ()))
        state.put(replace(known, environments=(*known.environments, environment_id)), name)
        if environment_id not in state.environments:
            self.new_environment(state, environment_id, label)

    def _select_environment(self, opened: Collection[str], header: str | None) -> str:
        if header is not None and header in opened:
            return header
        switches = self._core.switches
        if header is None or switches.foreign_environment == "ignore":
            if len(opened) == 1:
                return next(iter(opened))
            message = "Field required: this credential opens several Environments"
            raise validation_error(switches, _HEADER, message, "missing", None)
        if switches.foreign_environment == "hide":
            raise not_found(switches, "Environment")
        raise not_authorized(switches)


def is_client_key(key: str) -> bool:
    """The key is a Client Key, which cannot manage custom domains (API reference)."""
    return key.startswith(_CLIENT_KEY)


def _missing_environments(state: State, name: str, ids: dict[str, str]) -> list[str]:
    known = state.keys.get(name)
    if known is None:
        return list(ids)
    return [item for item in ids if item not in known.environments] if len(ids) > 1 else []


def _token(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return (token.strip() or None) if scheme.lower() == "bearer" else None
