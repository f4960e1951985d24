"""The tool's main job against every switches that Imgwire leaves open: create, replace, delete, swap, verify, then nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from emulator_fixture import patient

from reconciler.cli.main import main
from reconciler.emulator.state import Organization
from reconciler.emulator.switches import Switches, describe

if TYPE_CHECKING:
    from pathlib import Path

    from emulator_fixture import Running

DESIRED = {
    "fresh": "fresh.example.com",
    "old": "new.example.com",
    "gone": None,
    "keep": "keep.example.com",
    "left": "right.example.com",
    "right": "left.example.com",
    "waiting": "waiting.example.com",
}
BEFORE = {
    "old",
    "gone",
    "keep",
    "left",
    "right",
    "waiting",
}  # each has a domain of its own name, ready but for the last


class Job:
    """A manifest, an emulator in the state before, and the command line."""

    def __init__(self, emulator: Running, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = emulator.world
        self.manifest = folder / "imgwire.yaml"
        self._url = emulator.url
        self._capsys = capsys
        self.ids = {name: self.world.auth.authenticate(f"Bearer sk_{name}", None) for name in DESIRED}
        for name in BEFORE:
            self.world.domains.create(self.ids[name], f"{name}.example.com")
            if name != "waiting":
                self.world.domains.test_connection(self.ids[name])
        self.desire(**DESIRED)

    def desire(self, **hostnames: str | None) -> None:
        environments = {name: {"hostname": hostname} for name, hostname in hostnames.items()}
        self.manifest.write_text(json.dumps({"version": 1, "environments": environments}), encoding="utf-8")

    def run(self, *words: str) -> Any:
        """The JSON document of a command, whose exit code must be the one the process ends with."""
        with pytest.raises(SystemExit) as ended:
            main(patient([words[0], "-f", str(self.manifest), "--api-url", self._url, "--format", "json", *words[1:]]))
        document = json.loads(self._capsys.readouterr().out)
        assert document["exit_code"] == ended.value.code
        return document

    def apply(self) -> Any:
        return self.run("apply", "--auto-approve", "--max-interruptions", "9")

    def live(self) -> dict[str, str | None]:
        found = {name: self.world.domains.find(environment_id) for name, environment_id in self.ids.items()}
        return {name: domain and domain.hostname.lower().removesuffix(".") for name, domain in found.items()}

    def writes(self) -> list[tuple[str, int]]:
        """Every delete and create that the emulator saw, and its answer."""
        entries = self.world.log.entries()
        return [
            (entry["method"], entry["status"])
            for entry in entries
            if entry["path"].endswith("/") and entry["method"] != "GET"
        ]


@pytest.fixture
def job(emulator: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Job:
    for name in DESIRED:
        monkeypatch.setenv(f"IMGWIRE_API_KEY_{name.upper()}", f"sk_{name}")
    return Job(emulator, tmp_path, capsys)


# Every value of every switch whose default is a guess, but for those that a test below is about.
_APART = {"absent=bare", "check=fail", "check=recover", "check=dns", "failed_check=error"}
_NUMBERS = [
    "delete_seconds=0.2",
    "stale_reads=1",
    "settle_seconds=0",
    "key_rate=20",
    "total_rate=60",
    "conflict_status=400",
]
_OPEN = [
    f"{switch.name}={value}"
    for switch in describe()
    if switch.basis in {"unknown", "inferred"}
    for value in ("true false" if switch.choices == "true false" else switch.choices).split()
    if "number" not in switch.choices and switch.choices not in {"text", "integer"}
]


@pytest.mark.parametrize("setting", [item for item in [*_OPEN, *_NUMBERS] if item not in _APART])
def test_apply_converges_for_every_value_of_every_switch(job: Job, setting: str) -> None:
    job.world.switches = Switches.of([setting])
    assert job.apply()["exit_code"] == 0
    job.world.advance_clock(1)  # what was deleted last may linger
    job.world.domains.clear()  # and reads may lag
    assert job.live() == DESIRED
    again = job.run("plan", "--detailed-exitcode")
    assert (again["exit_code"], again["complete"], again["summary"]["writes"]) == (0, True, 0)


@pytest.mark.parametrize("setting", ["absent=bare", "error_types=omitted"])
def test_a_bare_404_is_an_error_and_not_absence(job: Job, setting: str) -> None:
    job.world.switches = Switches.of([setting])
    job.desire(fresh="fresh.example.com", keep="keep.example.com")
    document = job.apply()
    assert (document["exit_code"], document["complete"]) == (8, False)
    assert job.writes() == []


@pytest.mark.parametrize(
    ("settings", "exit_code"),
    [(["check=fail"], 4), (["check=recover"], 4), (["check=fail", "failed_check=error"], 6)],
    ids=["fail", "recover", "error"],
)
def test_failing_checks_do_not_undo_creates(job: Job, settings: list[str], exit_code: int) -> None:
    job.world.switches = Switches.of(settings)
    assert job.apply()["exit_code"] == exit_code
    assert job.live() == DESIRED


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422])
@pytest.mark.parametrize("name", ["ResourceConflictError", "HostnameAlreadyExistsError"])
def test_a_refused_claim_restores_the_old_hostname(job: Job, status: int, name: str) -> None:
    job.world.switches = Switches(conflict_status=status, conflict_name=name)
    job.desire(old="keep.example.com")
    document = job.apply()
    assert document["exit_code"] == 6
    assert job.live()["old"] == "old.example.com"
    assert job.writes() == [("DELETE", 200), ("POST", status), ("POST", 200)]


@pytest.mark.parametrize("status", [400, 402, 403, 422])
def test_a_missing_plan_is_reported_for_any_status(job: Job, status: int) -> None:
    job.world.switches = Switches(payment_status=status)
    with job.world.writing() as state:
        state.put(Organization(custom_domain_enabled=False))
    job.desire(fresh="fresh.example.com")
    assert job.apply()["exit_code"] == 7
    assert job.writes() == [("POST", status)]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_rejected_key_is_reported_for_any_status(job: Job, status: int) -> None:
    job.world.switches = Switches(token_status=status, strict_keys=True)
    job.world.reset()
    assert job.apply()["exit_code"] == 7
    assert job.writes() == []


@pytest.mark.parametrize(
    ("switches", "exit_code"),
    [(Switches(not_authorized_status=status), 7) for status in (400, 403, 404)],
    ids=["400", "403", "404"],
)
def test_an_environment_that_the_key_does_not_open_is_not_absent(job: Job, switches: Switches, exit_code: int) -> None:
    job.world.switches = switches
    environments = {"fresh": {"hostname": None, "environment_id": job.ids["keep"], "send_environment_id": True}}
    job.manifest.write_text(json.dumps({"version": 1, "environments": environments}), encoding="utf-8")
    assert job.run("plan")["exit_code"] == exit_code
    assert job.writes() == []
