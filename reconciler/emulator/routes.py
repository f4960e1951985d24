"""The paths of the emulated API: from a request to a response, without faults, delays or the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from reconciler.emulator.environments import EnvironmentsApi
from reconciler.emulator.inputs import read_number, read_text
from reconciler.emulator.lookups import look_up_records
from reconciler.emulator.responses import BANNER, Resource, json_response, page_headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from reconciler.emulator.world import World
    from reconciler.model.domains import Domain

CUSTOM_DOMAIN = "/api/v1/custom_domain/"
TEST_CONNECTION = "/api/v1/custom_domain/test_connection"
_DNS_FIELDS = ("cname_record", "cname_value", "dcv_cname_record", "dcv_cname_value")
IMAGES = "/api/v1/images/"


class Api:
    """The emulated endpoints over one world, as an ASGI application."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._environments = EnvironmentsApi(world)
        self._resources = {
            CUSTOM_DOMAIN: Resource(GET=self._read, POST=self._create, DELETE=self._delete),
            TEST_CONNECTION: Resource(POST=self._test_connection),
            IMAGES: Resource(GET=self._images),
            "/health": Resource(GET=self._health),
            "/": Resource(GET=self._banner),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        path: str = scope["path"]
        resource = self._resource(path)
        if resource is None and self._world.switches.slash != "not-found":
            declared = path[:-1] if path.endswith("/") else f"{path}/"
            resource = self._resource(declared)
            if resource is not None and self._world.switches.slash == "redirect":
                response: Response = RedirectResponse(request.url.replace(path=declared), 307)
                await response(scope, receive, send)
                return
        response = await resource.respond(request) if resource else json_response(404, {"detail": "Not Found"})
        await response(scope, receive, send)

    def _resource(self, path: str) -> Resource | None:
        return self._resources.get(path) or self._environments.resource(path)

    # The custom domain

    async def _read(self, request: Request) -> object:
        return self._to_json(self._world.domains.read(self._authenticate(request)))

    async def _create(self, request: Request) -> object:
        environment_id = self._authenticate(request)
        hostname = await read_text(request, "hostname", self._world.switches)
        return self._to_json(self._world.domains.create(environment_id, hostname))

    async def _delete(self, request: Request) -> object:
        deleted = self._world.domains.delete(self._authenticate(request))
        return {"status": {"status": "deleted"}, "id": {"id": deleted}, "empty": {}}[self._world.switches.delete_body]

    async def _test_connection(self, request: Request) -> object:
        environment_id = self._authenticate(request)
        seen = None
        if self._world.switches.check == "dns" and (domain := self._world.domains.find(environment_id)):
            seen = await look_up_records(domain, self._world.dns_server)
        return self._to_json(self._world.domains.test_connection(environment_id, seen))

    # What the official clients touch beside it

    async def _images(self, request: Request) -> object:
        self._authenticate(request)
        switches = self._world.switches
        page, limit = read_number(request, switches, "page", 1, None), read_number(request, switches, "limit", 20, 100)
        return json_response(200, [], page_headers(0, page, limit))

    async def _health(self, _: Request) -> object:
        return {"status": "ok", "service": BANNER}

    async def _banner(self, _: Request) -> object:
        return {"service": BANNER}

    def _authenticate(self, request: Request) -> str:
        return self._world.auth.authenticate(
            request.headers.get("authorization"), request.headers.get("x-environment-id")
        )

    def _to_json(self, domain: Domain) -> dict[str, Any]:
        switches = self._world.switches
        plain: dict[str, Any] = domain.as_dict()
        if switches.dns_fields == "missing":
            plain = {name: value for name, value in plain.items() if name not in _DNS_FIELDS}
        elif switches.dns_fields != "sent":
            plain |= dict.fromkeys(_DNS_FIELDS, None if switches.dns_fields == "null" else "")
        return {**plain, "notes": "an extra property"} if switches.extra_fields else plain
