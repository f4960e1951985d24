"""The emulator's own API at `/_emulator/`: environments, statuses, clock, plan, switches, faults, log, state, reset.

It needs no key. `guard` refuses callers from elsewhere.
"""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING

from starlette.requests import Request

from reconciler.emulator.admin_input import bad_request, parse_script, read_json, read_object
from reconciler.emulator.auth import is_client_key
from reconciler.emulator.faults import Fault, FaultError
from reconciler.emulator.problems import Problem
from reconciler.emulator.responses import Resource, json_response
from reconciler.emulator.state import Claim, Environment, Key, State, digest, to_json
from reconciler.emulator.switches import SwitchError
from reconciler.emulator.uuids import is_uuid
from reconciler.model.domains import FIELDS

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from reconciler.emulator.world import World

PREFIX = "/_emulator/"


class Admin:
    """The admin endpoints over one world, as an ASGI application."""

    def __init__(self, world: World) -> None:
        self._world = world
        switches = Resource(GET=self._switches, PATCH=self._change_switches)
        self._resources = {
            "environments": Resource(GET=self._environments),
            "clock": Resource(GET=self._clock, POST=self._advance_clock),
            "organization": Resource(GET=self._organization, PATCH=self._change_organization),
            "switches": switches,
            "behaviour": switches,  # the former name
            "faults": Resource(GET=self._faults, POST=self._add_faults, DELETE=self._clear_faults),
            "requests": Resource(GET=self._requests, DELETE=self._clear_requests),
            "state": Resource(GET=self._state),
            "reset": Resource(POST=self._reset),
        }
        self._environment = Resource(PUT=self._put_environment, DELETE=self._drop_environment)
        self._domain = Resource(PATCH=self._change_domain, DELETE=self._drop_domain)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if not _has_json(request):
            return json_response(415, {"detail": "Send `Content-Type: application/json`"})
        parts = request.scope["path"].removeprefix(PREFIX).removesuffix("/").split("/")
        resource = self._resources.get(parts[0]) if len(parts) == 1 else None
        if parts[0] == "environments" and len(parts) > 1 and is_uuid(parts[1]):
            request.scope["path_params"] = {"id": parts[1].lower()}
            if len(parts) == 2:
                resource = self._environment
            elif parts[2:] == ["domain"]:
                resource = self._domain
        if resource is None:
            return json_response(404, {"detail": "Not Found"})
        return await resource.respond(request)

    # Environments and their custom domains

    async def _environments(self, _: Request) -> object:
        with self._world.reading() as state:
            return {name: to_json(item) for name, item in state.environments.items()}

    async def _put_environment(self, request: Request) -> object:
        body = await read_object(request, {"name": str, "key": str})
        if is_client_key(body.get("key", "")):
            raise bad_request("Client Keys (`ck_…`) cannot manage custom domains: register a Server API Key")
        environment_id = request.path_params["id"]
        with self._world.writing() as state:
            environment = state.environments.get(environment_id)
            name = body.get("name", environment.name if environment else environment_id)
            if environment is None:
                environment = self._world.auth.new_environment(state, environment_id, name)
            state.put(replace(environment, name=name))
            if "key" in body:
                state.put(Key(name, (environment_id,)), digest(body["key"]))
            return to_json(state.environments[environment_id])

    async def _drop_environment(self, request: Request) -> object:
        with self._world.writing() as state:
            environment = _environment(state, request)
            state.remove_environment(environment.id)
        return to_json(environment)

    async def _change_domain(self, request: Request) -> object:
        """Set any of the twelve properties to any text, or the statuses that the next checks give."""
        texts = dict.fromkeys(FIELDS, str)
        body = await read_object(request, {**texts, "last_verified_at": (str, type(None)), "script": list})
        script = parse_script(body.pop("script", None))
        with self._world.writing() as state:
            environment = _environment(state, request)
            claim = _claim(environment)
            domain = replace(claim.domain, **body)
            if domain.id != claim.domain.id or domain.environment_id != environment.id:
                raise bad_request("`id` and `environment_id` cannot be changed")
            holder = state.holder(domain.hostname)
            if holder is not None and holder.id != environment.id:
                raise bad_request("Another Environment has this hostname")
            claim = replace(claim, domain=domain, script=claim.script if script is None else script)
            state.put(replace(environment, claim=claim))
            return to_json(state.environments[environment.id])

    async def _drop_domain(self, request: Request) -> object:
        """Delete the custom domain, as a user of the dashboard would."""
        with self._world.writing() as state:
            environment = _environment(state, request)
            _claim(environment)
            state.put(replace(environment, claim=None))
            return to_json(state.environments[environment.id])

    # Time, plan and switches

    async def _clock(self, _: Request) -> object:
        with self._world.reading() as state:
            return {"now": self._world.stamp(state), "offset_seconds": state.clock_offset}

    async def _advance_clock(self, request: Request) -> object:
        body = await read_object(request, {"advance_seconds": (int, float)})
        seconds = body.get("advance_seconds", 0)
        if not 0 <= seconds <= 10**9:
            raise bad_request("`advance_seconds` is a number from 0 up")
        self._world.advance_clock(float(seconds))
        return await self._clock(request)

    async def _organization(self, _: Request) -> object:
        with self._world.reading() as state:
            return to_json(state.organization)

    async def _change_organization(self, request: Request) -> object:
        known = {"custom_domain_enabled": bool, "subscription_status": str, "blocked": bool}
        body = await read_object(request, known)
        with self._world.writing() as state:
            state.put(replace(state.organization, **body))
            return to_json(state.organization)

    async def _switches(self, _: Request) -> object:
        return asdict(self._world.switches)

    async def _change_switches(self, request: Request) -> object:
        body = await read_object(request, dict.fromkeys((item.name for item in fields(self._world.switches)), object))
        switches = self._world.switches
        try:
            for name, value in body.items():
                text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                switches = switches.with_text(name, text)
        except SwitchError as error:
            raise bad_request(str(error)) from None
        self._world.switches = switches
        return asdict(switches)

    # Faults and the log

    async def _faults(self, _: Request) -> object:
        return [{**fault.as_dict(), "counted": count} for fault, count in self._world.faults.counts()]

    async def _add_faults(self, request: Request) -> object:
        plain = await read_json(request)
        try:
            faults = [Fault.of(item) for item in (plain if isinstance(plain, list) else [plain])]
        except FaultError as error:
            raise bad_request(str(error)) from None
        self._world.faults.add(*faults)
        return await self._faults(request)

    async def _clear_faults(self, request: Request) -> object:
        self._world.faults.clear()
        return await self._faults(request)

    async def _requests(self, _: Request) -> object:
        return self._world.log.entries()

    async def _clear_requests(self, _: Request) -> object:
        self._world.log.clear()
        return []

    async def _state(self, _: Request) -> object:
        with self._world.reading() as state:
            return {
                "clock_offset_seconds": state.clock_offset,
                "organization": to_json(state.organization),
                "environments": {name: to_json(item) for name, item in state.environments.items()},
                "keys": {name: to_json(item) for name, item in state.keys.items()},
            }

    async def _reset(self, _: Request) -> object:
        self._world.reset()
        return {"status": "reset"}


def _environment(state: State, request: Request) -> Environment:
    environment = state.environments.get(request.path_params["id"])
    if environment is None:
        raise Problem(404, {"detail": "No such Environment"})
    return environment


def _claim(environment: Environment) -> Claim:
    if environment.claim is None:
        raise Problem(404, {"detail": "The Environment has no custom domain"})
    return environment.claim


def _has_json(request: Request) -> bool:
    """No web page can send JSON under its content type to another site without its permission (a CORS preflight)."""
    content_type = request.headers.get("content-type")
    if content_type is None:
        return request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
    return content_type.partition(";")[0].strip().lower() == "application/json"
