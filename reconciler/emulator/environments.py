"""The endpoints for Environments. They need a user session: the documented Resource API does not list them (inferred)."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from reconciler.emulator.inputs import read_number, read_text, read_uuid
from reconciler.emulator.problems import not_found
from reconciler.emulator.responses import Resource, json_response, page_headers

if TYPE_CHECKING:
    from starlette.requests import Request

    from reconciler.emulator.state import Environment, State
    from reconciler.emulator.world import World

ENVIRONMENTS = "/api/v1/environments/"


class EnvironmentsApi:
    """The endpoints over one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._all = Resource(GET=self._list, POST=self._create)
        self._one = Resource(GET=self._get, PATCH=self._rename, DELETE=self._delete)

    def resource(self, path: str) -> Resource | None:
        """The endpoint at this path, if it is one of these."""
        if path == ENVIRONMENTS:
            return self._all
        below = path.removeprefix(ENVIRONMENTS)
        return self._one if below != path and "/" not in below else None

    async def _list(self, request: Request) -> object:
        self._authenticate(request)
        switches = self._world.switches
        page, limit = read_number(request, switches, "page", 1, None), read_number(request, switches, "limit", 20, 100)
        with self._world.reading() as state:
            first = min((page - 1) * limit, len(state.environments))
            items = [_to_json(state, item) for item in islice(state.environments.values(), first, first + limit)]
            return json_response(200, items, page_headers(len(state.environments), page, limit))

    async def _create(self, request: Request) -> object:
        self._authenticate(request)
        name = await read_text(request, "name", self._world.switches, empty=False)
        with self._world.writing() as state:
            return _to_json(state, self._world.auth.new_environment(state, self._world.new_id(), name))

    async def _get(self, request: Request) -> object:
        self._authenticate(request)
        environment_id = self._id(request)
        with self._world.reading() as state:
            return _to_json(state, self._known(state, environment_id))

    async def _rename(self, request: Request) -> object:
        self._authenticate(request)
        environment_id = self._id(request)
        name = await read_text(request, "name", self._world.switches, empty=False)
        with self._world.writing() as state:
            environment = replace(self._known(state, environment_id), name=name, updated_at=self._world.stamp(state))
            state.put(environment)
            return _to_json(state, environment)

    async def _delete(self, request: Request) -> object:
        self._authenticate(request)
        environment_id = self._id(request)
        with self._world.writing() as state:
            self._known(state, environment_id)
            state.remove_environment(environment_id)
        return {"status": "deleted"}

    def _authenticate(self, request: Request) -> None:
        self._world.auth.authenticate_session(request.headers.get("authorization"))

    def _id(self, request: Request) -> str:
        below: str = request.scope["path"].removeprefix(ENVIRONMENTS).removesuffix("/")
        return read_uuid(below, self._world.switches, ("path", "environment_id"))

    def _known(self, state: State, environment_id: str) -> Environment:
        environment = state.environments.get(environment_id)
        if environment is None:
            raise not_found(self._world.switches, "Environment")
        return environment


def _to_json(state: State, environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "organization_id": state.organization.id,
        "name": environment.name,
        "default": environment.default,
        "created_at": environment.created_at,
        "updated_at": environment.updated_at,
    }
