"""The emulated API's paths: from a request to an answer, without faults, delays or the log."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from reconciler.emulator.doors import is_uuid
from reconciler.emulator.lookups import look_up
from reconciler.emulator.problems import Problem, invalid, not_found

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from reconciler.emulator.state import Environment, State
    from reconciler.emulator.world import World
    from reconciler.model.domains import Domain

BANNER = "imgwire-reconciler emulator: this is not Imgwire"
CUSTOM_DOMAIN = "/api/v1/custom_domain/"
TEST_CONNECTION = "/api/v1/custom_domain/test_connection"
ENVIRONMENTS = "/api/v1/environments/"
IMAGES = "/api/v1/images/"

_INTEGER = re.compile(r"[+-]?[0-9]{1,300}", re.ASCII)

Endpoint = Callable[[Request], Awaitable[object]]


class Resource:
    """One path and its methods, by name. What an endpoint returns is sent as JSON with status 200."""

    def __init__(self, **methods: Endpoint) -> None:
        self._methods = methods

    async def answer(self, request: Request) -> Response:
        endpoint = self._methods.get(request.method)
        if endpoint is None:
            return json_answer(405, {"detail": "Method Not Allowed"}, {"Allow": ", ".join(self._methods)})
        try:
            result = await endpoint(request)
        except Problem as problem:
            return json_answer(problem.status, problem.body)
        return result if isinstance(result, Response) else json_answer(200, result)


class Api:
    """The emulated endpoints over one world, as an ASGI application."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._environment = Resource(
            GET=self._get_environment, PATCH=self._rename_environment, DELETE=self._drop_environment
        )
        self._resources = {
            CUSTOM_DOMAIN: Resource(GET=self._read, POST=self._create, DELETE=self._delete),
            TEST_CONNECTION: Resource(POST=self._test_connection),
            IMAGES: Resource(GET=self._images),
            ENVIRONMENTS: Resource(GET=self._list_environments, POST=self._create_environment),
            "/health": Resource(GET=self._health),
            "/": Resource(GET=self._banner),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path: str = scope["path"]
        resource = self._resource(path)
        if resource is None and self._world.behaviour.slash != "not-found":
            declared = path[:-1] if path.endswith("/") else f"{path}/"
            resource = self._resource(declared)
            if resource is not None and self._world.behaviour.slash == "redirect":
                response: Response = RedirectResponse(request.url.replace(path=declared), 307)
                await response(scope, receive, send)
                return
        response = await resource.answer(request) if resource else json_answer(404, {"detail": "Not Found"})
        await response(scope, receive, send)

    def _resource(self, path: str) -> Resource | None:
        one_of_many = (
            path.startswith(ENVIRONMENTS) and path.count("/") == ENVIRONMENTS.count("/") and path != ENVIRONMENTS
        )
        return self._environment if one_of_many else self._resources.get(path)

    # The custom domain

    async def _read(self, request: Request) -> object:
        return self._shown(self._world.domains.read(self._enter(request)))

    async def _create(self, request: Request) -> object:
        environment_id = self._enter(request)
        hostname = await self._text(request, "hostname")
        return self._shown(self._world.domains.create(environment_id, hostname))

    async def _delete(self, request: Request) -> object:
        deleted = self._world.domains.delete(self._enter(request))
        return {"status": {"status": "deleted"}, "id": {"id": deleted}, "empty": {}}[self._world.behaviour.delete_body]

    async def _test_connection(self, request: Request) -> object:
        environment_id = self._enter(request)
        seen = None
        if self._world.behaviour.check == "dns" and (domain := self._world.domains.find(environment_id)):
            seen = await look_up(domain, self._world.dns_server)
        return self._shown(self._world.domains.test_connection(environment_id, seen))

    # What the official clients touch beside it

    async def _images(self, request: Request) -> object:
        self._enter(request)
        page, limit = _number(request, "page", 1, None), _number(request, "limit", 20, 100)
        return json_answer(200, [], _page_headers(0, page, limit))

    async def _health(self, _: Request) -> object:
        return {"status": "ok", "service": BANNER}

    async def _banner(self, _: Request) -> object:
        return {"service": BANNER}

    # Environments, for user sessions

    async def _list_environments(self, request: Request) -> object:
        self._world.doors.enter_session(request.headers.get("authorization"))
        page, limit = _number(request, "page", 1, None), _number(request, "limit", 20, 100)
        with self._world.reading() as state:
            first = min((page - 1) * limit, len(state.environments))
            shown = [_environment(state, item) for item in islice(state.environments.values(), first, first + limit)]
            return json_answer(200, shown, _page_headers(len(state.environments), page, limit))

    async def _create_environment(self, request: Request) -> object:
        self._world.doors.enter_session(request.headers.get("authorization"))
        name = await self._text(request, "name", empty=False)
        with self._world.writing() as state:
            return _environment(state, self._world.doors.new_environment(state, self._world.new_id(), name))

    async def _get_environment(self, request: Request) -> object:
        self._world.doors.enter_session(request.headers.get("authorization"))
        environment_id = _environment_id(request)
        with self._world.reading() as state:
            return _environment(state, self._known(state, environment_id))

    async def _rename_environment(self, request: Request) -> object:
        self._world.doors.enter_session(request.headers.get("authorization"))
        environment_id = _environment_id(request)
        name = await self._text(request, "name", empty=False)
        with self._world.writing() as state:
            found = replace(self._known(state, environment_id), name=name, updated_at=self._world.stamp(state))
            state.put(found)
            return _environment(state, found)

    async def _drop_environment(self, request: Request) -> object:
        self._world.doors.enter_session(request.headers.get("authorization"))
        environment_id = _environment_id(request)
        with self._world.writing() as state:
            self._known(state, environment_id)
            state.remove_environment(environment_id)
        return {"status": "deleted"}

    # Helpers

    def _enter(self, request: Request) -> str:
        return self._world.doors.enter(request.headers.get("authorization"), request.headers.get("x-environment-id"))

    def _known(self, state: State, environment_id: str) -> Environment:
        found = state.environments.get(environment_id)
        if found is None:
            raise not_found(self._world.behaviour, "Environment")
        return found

    def _shown(self, domain: Domain) -> dict[str, Any]:
        extra = {"notes": "an extra property"} if self._world.behaviour.extra_fields else {}
        return {**domain.as_dict(), **extra}

    async def _text(self, request: Request, name: str, *, empty: bool = True) -> str:
        """The one property of a body. Raises Problem: 422."""
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            raise invalid(("body",), "JSON decode error", "json_invalid") from None
        if not isinstance(body, dict):
            raise invalid(("body",), "Input should be a valid dictionary", "model_attributes_type")
        if name not in body:
            raise invalid(("body", name), "Field required", "missing")
        text = body[name]
        if not isinstance(text, str):
            raise invalid(("body", name), "Input should be a valid string", "string_type")
        if not text and not empty:
            raise invalid(("body", name), "String should have at least 1 character", "string_too_short")
        if len(body) > 1 and self._world.behaviour.extra_properties == "refuse":
            extra = next(item for item in body if item != name)
            raise invalid(("body", extra), "Extra inputs are not permitted", "extra_forbidden")
        return text


def json_answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. Escapes what is not ASCII, so that any text can be sent."""
    return Response(json.dumps(body), status, headers, "application/json")


def _environment(state: State, environment: Environment) -> dict[str, Any]:
    return {
        "id": environment.id,
        "organization_id": state.organization.id,
        "name": environment.name,
        "default": environment.default,
        "created_at": environment.created_at,
        "updated_at": environment.updated_at,
    }


def _environment_id(request: Request) -> str:
    found: str = request.scope["path"].removeprefix(ENVIRONMENTS).removesuffix("/")
    if not is_uuid(found):
        raise invalid(("path", "environment_id"), "Input should be a valid UUID", "uuid_parsing")
    return found.lower()


def _number(request: Request, name: str, default: int, most: int | None) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text):
        raise invalid(("query", name), "Input should be a valid integer", "int_parsing")
    number = int(text)
    if number < 1:
        raise invalid(("query", name), "Input should be greater than or equal to 1", "greater_than_equal")
    if most is not None and number > most:
        raise invalid(("query", name), f"Input should be less than or equal to {most}", "less_than_equal")
    return number


def _page_headers(total: int, page: int, limit: int) -> dict[str, str]:
    """The pagination headers; a neighbour that does not exist is `null` (OpenAPI, list environments)."""
    return {
        "X-Total-Count": str(total),
        "X-Page": str(page),
        "X-Limit": str(limit),
        "X-Prev-Page": str(page - 1) if page > 1 else "null",
        "X-Next-Page": str(page + 1) if page * limit < total else "null",
    }
