"""A working folder, an emulator, keys in the environment, and the command line run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import httpx
from emulator_fixture import patient
from jsonschema import Draft202012Validator
from samples import uid

from reconciler.cli.main import main
from reconciler.emulator.auth import Account
from reconciler.emulator.faults import Fault, Kind
from reconciler.model.environments import Secret
from reconciler.schema_files import read_schema

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from emulator_fixture import Running

CANARY = "canary5f2d"
DOMAIN = "/api/v1/custom_domain/"
TEST = "/api/v1/custom_domain/test_connection"
ENVIRONMENT_ONLY = ("PATH", "HOME", "LANG", "SSL_CERT_FILE")


def command(*arguments: str) -> list[str]:
    """The command in a process of its own."""
    return [sys.executable, "-m", "reconciler", *patient(arguments)]


def key(name: str) -> str:
    """A key that must be seen nowhere."""
    return f"sk_{CANARY}_{name}"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as the one JSON document that it must be, which says itself what it is."""
        document: dict[str, Any] = json.loads(self.out)
        name = document["format"].removeprefix("imgwire-reconciler/")
        Draft202012Validator(
            json.loads(read_schema(name)), format_checker=Draft202012Validator.FORMAT_CHECKER
        ).validate(document)
        assert document["exit_code"] == self.code
        return document


class Stage:
    """Where a test of the command line plays. Whatever is run, no key may be seen in what it says or leaves behind."""

    def __init__(
        self, folder: Path, emulator: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self.world = emulator.world
        self.url = emulator.url
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in set(os.environ) - set(ENVIRONMENT_ONLY):
            monkeypatch.delenv(name)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("IMGWIRE_API_BASE_URL", emulator.url)

    def set(self, name: str, value: str) -> None:
        """Set an environment variable for the commands to come."""
        self._monkeypatch.setenv(name, value)

    def unset(self, name: str) -> None:
        self._monkeypatch.delenv(name)

    def environment(self, name: str, live: str | None = None, **domain: str) -> str:
        """An Imgwire Environment with its key set, and a custom domain that is ready unless `domain` says else: its id."""
        environment_id = uid(name)
        self.world.auth.register([Account(name, Secret(key(name)), environment_id)])
        self.set(f"IMGWIRE_API_KEY_{name.upper()}", key(name))
        if live is not None:
            self.world.domains.create(environment_id, live)
            self.world.domains.test_connection(environment_id)
            self.change(name, **domain)
        self.world.log.clear()
        return environment_id

    def change(self, name: str, **domain: str) -> None:
        """Let the custom domain be as somebody else or Imgwire made it."""
        with self.world.writing() as state:
            found = state.environments[uid(name)]
            assert found.claim is not None
            state.put(replace(found, claim=replace(found.claim, domain=replace(found.claim.domain, **domain))))

    def live(self, name: str) -> str | None:
        """The hostname that is live now."""
        found = self.world.domains.find(uid(name))
        return found.hostname if found else None

    def fault(self, kind: Kind, **more: Any) -> None:
        """Trouble for the requests to come."""
        self.world.faults.add(Fault(kind, **more))

    def manifest(self, path: str = "imgwire.yaml", **environments: Any) -> None:
        """Write a manifest with these environments."""
        self.write(path, json.dumps({"version": 1, "environments": environments}))

    def write(self, path: str, text: str) -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def read(self, path: str) -> str:
        return (self.folder / path).read_bytes().decode()

    def sent(self) -> list[tuple[str, str]]:
        """The requests that have arrived since the last environment was made, as (method, path)."""
        return [(entry["method"], entry["path"]) for entry in self.requests()]

    def requests(self) -> list[dict[str, Any]]:
        """The log, without the reads that chaos let fail: those are asked again.

        It is asked of the server, whose turn to answer comes after it has written the last entry.
        """
        entries: list[dict[str, Any]] = httpx.get(f"{self.url}/_emulator/requests", trust_env=False).json()
        if self.world.chaos is None:
            return entries
        return [entry for entry in entries if entry["method"] != "GET" or entry["fault"] in (None, Kind.DELAY)]

    def run(self, *arguments: str) -> Ended:
        """Run the command in this process."""
        self._capsys.readouterr()
        code: object = "no exit"
        try:
            main.main(patient(arguments), prog_name="reconciler")
        except SystemExit as end:
            code = end.code
        assert isinstance(code, int)
        said = self._capsys.readouterr()
        return self._checked(Ended(code, said.out, said.err))

    def spawn(self, *arguments: str, stdin: str | None = None, stdout: int = subprocess.PIPE) -> Ended:
        """Run the command in a process of its own, without a terminal."""
        ended = subprocess.run(
            command(*arguments),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        return self._checked(Ended(ended.returncode, ended.stdout or "", ended.stderr))

    def _checked(self, ended: Ended) -> Ended:
        assert CANARY not in ended.out
        assert CANARY not in ended.err
        assert "Traceback" not in ended.err or "internal error" in ended.err
        for path in self.folder.rglob("*"):
            if path.is_file() and not path.name.endswith(".key"):
                assert CANARY.encode() not in path.read_bytes(), path
        return ended
