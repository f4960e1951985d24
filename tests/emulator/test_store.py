"""The emulator's state file: whole after any crash, shared between processes, quick when it is large."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import httpx
import pytest
from seeded_ids import seeded_ids

from reconciler.emulator.auth import Account
from reconciler.emulator.local import local_app
from reconciler.emulator.state import Environment, Organization, State, StateError, digest, to_json
from reconciler.emulator.store import FileStore
from reconciler.emulator.world import World
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from pathlib import Path

A = "11111111-1111-4111-8111-111111111111"
STAMP = "2026-09-21T14:13:20Z"


def world_on(path: Path, *, max_whole_bytes: int = 10**6) -> World:
    store = FileStore(path, max_whole_bytes=max_whole_bytes)
    return World(store=store, clock=lambda: 1_790_000_000.0, ids=seeded_ids(1))


def shown(state: State) -> dict[str, object]:
    return {
        "environments": {name: to_json(item) for name, item in state.environments.items()},
        "keys": {name: to_json(item) for name, item in state.keys.items()},
        "organization": to_json(state.organization),
        "clock_offset": state.clock_offset,
    }


def number_of(index: int) -> str:
    return f"00000000-0000-4000-8000-{index:012d}"


def filled(world: World, count: int) -> None:
    with world.writing() as state:
        for index in range(count):
            state.put(Environment(number_of(index), f"environment-{index}", STAMP, STAMP))


@pytest.mark.parametrize("max_whole_bytes", [0, 10**6], ids=["journal", "whole"])
def test_the_next_process_reads_what_was_written(tmp_path: Path, max_whole_bytes: int) -> None:
    path = tmp_path / "state.json"
    first = world_on(path, max_whole_bytes=max_whole_bytes)
    first.auth.register([Account("a", Secret("key-a"), A)])
    first.domains.create(A, "images.example.com")
    first.domains.test_connection(A)
    first.advance_clock(60)
    with first.writing() as state:
        state.put(Organization(blocked=True))
    assert (tmp_path / "state.json.journal").exists() == (max_whole_bytes == 0)
    with first.reading() as state, world_on(path).reading() as again:
        assert shown(again) == shown(state)


def test_the_file_is_plain_json_that_holds_no_key(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    world = world_on(path)
    world.auth.register([Account("a", Secret("sk_canary"), A)])
    domain = world.domains.create(A, "images.example.com")
    environment = {"name": "a", "default": True, "created_at": STAMP, "updated_at": STAMP, "domain": domain.as_dict()}
    assert json.loads(path.read_text()) == {
        "format": "imgwire-reconciler/emulator-state",
        "format_version": "1.0",
        "note": "State of a local emulator. This is not Imgwire. Keys are SHA-256 digests.",
        "generation": 2,
        "clock_offset_seconds": 0.0,
        "organization": to_json(Organization()),
        "environments": {A: environment},
        "keys": {digest("sk_canary"): {"label": "a", "environments": [A]}},
    }
    assert all("sk_canary" not in item.read_text() for item in tmp_path.iterdir())


def test_a_file_edited_by_hand_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    world = world_on(path)
    world.auth.register([Account("a", Secret("key-a"), A)])
    world.domains.create(A, "images.example.com")
    path.write_text(path.read_text().replace('"status": "PENDING"', '"status": "FAILED"', 1))
    assert world.domains.read(A).status == "FAILED"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a state of the emulator, or damaged"),
        ("{", "not a state of the emulator, or damaged"),
        ("[]", "not a state of the emulator"),
        ('{"version": 1}', "not a state of the emulator"),
        ('{"format": "imgwire-reconciler/emulator-state", "format_version": "2.0"}', "written by a newer version"),
        (
            '{"format": "imgwire-reconciler/emulator-state", "format_version": "1.0"}',
            "not a state of the emulator, or damaged",
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_and_kept(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError) as refused:
        FileStore(path)
    assert str(refused.value) == f"{path}: {message}"
    assert path.read_text() == content
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"cannot be used: No such file or directory$"):
        FileStore(tmp_path / "nowhere" / "state.json")


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(StateError, match="cannot be locked: No locks available"):
        FileStore(tmp_path / "state.json")


def test_a_torn_last_line_of_the_journal_is_dropped(tmp_path: Path) -> None:
    path, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    world = world_on(path, max_whole_bytes=0)
    filled(world, 2)
    filled(world, 3)
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'[["environment", "0000')
    with world_on(path, max_whole_bytes=0).reading() as state:
        assert len(state.environments) == 3
    assert journal.read_bytes() == whole


def test_a_journal_whose_first_line_is_torn_is_dropped(tmp_path: Path) -> None:
    path, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    world = world_on(path, max_whole_bytes=0)
    filled(world, 2)
    filled(world, 3)
    journal.write_bytes(journal.read_bytes()[:10])
    with world_on(path, max_whole_bytes=0).reading() as state:
        assert len(state.environments) == 2
    assert not journal.exists()


def test_a_journal_left_over_from_an_older_file_is_ignored(tmp_path: Path) -> None:
    path, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    store = FileStore(path, max_whole_bytes=0)
    world = World(store=store)
    filled(world, 1)
    filled(world, 2)
    old = journal.read_bytes()
    with world.writing() as state:
        state.clear()
    store.compact()
    journal.write_bytes(old)  # as if the process had died between renaming the file and removing the journal
    with World(store=FileStore(path)).reading() as state:
        assert state.environments == {}
    assert not journal.exists()


def test_a_journal_grows_no_larger_than_the_file_beside_it(tmp_path: Path) -> None:
    path, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    world = world_on(path, max_whole_bytes=0)
    filled(world, 1)
    largest = 0
    for _ in range(45):
        filled(world, 1000)
        largest = max(largest, journal.stat().st_size if journal.exists() else 0)
    assert 4 * 2**20 < largest < 5 * 2**20
    assert json.loads(path.read_text())["generation"] == 2


def test_a_change_that_fails_is_not_seen(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    world = world_on(path)
    filled(world, 1)
    with suppress(ZeroDivisionError), world.writing() as state:
        state.remove_environment(number_of(0))
        raise ZeroDivisionError
    with world.reading() as state:
        assert list(state.environments) == [number_of(0)]


def test_a_write_that_cannot_be_saved_is_an_error_and_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    world = world_on(folder / "state.json")
    filled(world, 1)

    def write() -> None:
        with world.writing() as state:
            state.clear()
            folder.rename(tmp_path / "moved")

    with pytest.raises(StateError, match=r"cannot be written: No such file or directory$"):
        write()
    (tmp_path / "moved").rename(folder)
    with world.reading() as state:
        assert list(state.environments) == [number_of(0)]
    assert sorted(item.name for item in folder.iterdir()) == ["state.json", "state.json.lock"]


def test_an_edit_during_a_write_is_kept_and_the_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    world = world_on(path)
    filled(world, 1)
    edited = path.read_text().replace("environment-0", "edited")

    def write() -> None:
        with world.writing() as state:
            state.clear()
            path.write_text(edited)

    with pytest.raises(StateError, match=r"edited during a write, which is lost\. The edit is kept$"):
        write()
    assert path.read_text() == edited
    with world.reading() as state:
        assert state.environments[number_of(0)].name == "edited"


def test_a_torn_journal_line_is_cut_off_before_the_next_write(tmp_path: Path) -> None:
    """Else the next line would continue the torn one, and the journal could not be read any more."""
    path, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    world = world_on(path, max_whole_bytes=0)
    filled(world, 1)
    filled(world, 2)
    with journal.open("ab") as stream:
        stream.write(b'[["clock_offset", "", 5')
    again = world_on(path, max_whole_bytes=0)
    again.advance_clock(60)
    with world_on(path, max_whole_bytes=0).reading() as state:
        assert (len(state.environments), state.clock_offset) == (2, 60.0)
    assert all(json.loads(line) for line in journal.read_text().splitlines())


_ADD = """
import sys
from pathlib import Path
from reconciler.emulator.store import FileStore
from reconciler.emulator.world import World
world = World(store=FileStore(Path(sys.argv[1]), max_whole_bytes=int(sys.argv[2])))
for _ in range(int(sys.argv[3])):
    world.advance_clock(1.0)
    print("wound", flush=True)
"""


@pytest.mark.parametrize("max_whole_bytes", [0, 10**6], ids=["journal", "whole"])
def test_processes_that_write_at_once_lose_nothing(tmp_path: Path, max_whole_bytes: int) -> None:
    path = tmp_path / "state.json"
    command = [sys.executable, "-c", _ADD, str(path), str(max_whole_bytes), "40"]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]
    assert [process.wait(30) for process in running] == [0, 0, 0]
    with World(store=FileStore(path)).reading() as state:
        assert state.clock_offset == 120.0


@pytest.mark.parametrize("max_whole_bytes", [0, 10**6], ids=["journal", "whole"])
def test_a_killed_process_loses_nothing_that_it_answered(tmp_path: Path, max_whole_bytes: int) -> None:
    path = tmp_path / "state.json"
    command = [sys.executable, "-c", _ADD, str(path), str(max_whole_bytes), "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(50):
            process.stdout.readline()
        process.kill()
        answered = 50 + process.stdout.read().count(b"\n")
    with World(store=FileStore(path)).reading() as state:
        assert state.clock_offset in (answered, answered + 1)


def test_a_write_costs_the_same_with_twenty_thousand_environments(tmp_path: Path) -> None:
    """It is appended to a journal; the whole file, some 10 MiB, is written a few times in all."""
    path, journal = tmp_path / "state.json", tmp_path / "state.json.journal"
    world = world_on(path)
    accounts = [Account(f"e{index}", Secret(f"key-{index}"), number_of(index)) for index in range(20_000)]
    world.auth.register(accounts)
    whole, sizes = path.stat().st_ino, []
    for index in range(0, 20_000, 40):
        world.domains.create(number_of(index), f"images-{index}.example.com")
        sizes.append(journal.stat().st_size)
    assert path.stat().st_ino == whole
    assert max(after - before for before, after in pairwise(sizes)) < 2000  # bytes
    for index in range(0, 20_000, 40):
        assert world.domains.read(number_of(index)).hostname == f"images-{index}.example.com"
    again = world_on(path)
    again.auth.register(accounts)
    assert again.domains.read(number_of(40)).hostname == "images-40.example.com"
    assert json.loads(path.read_text(encoding="utf-8"))["generation"] < 5
    assert path.stat().st_size < 20 * 2**20


@pytest.mark.anyio
async def test_a_state_file_that_breaks_at_run_time_is_reported_in_the_response(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    app = local_app(path, [Account("a", Secret("key-a"), A)])
    path.write_text("{}")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        answer = await client.get("/api/v1/custom_domain/", headers={"Authorization": "Bearer key-a"})
    assert (answer.status_code, answer.json()) == (500, {"detail": f"{path}: not a state of the emulator"})


@pytest.mark.anyio
async def test_in_process_only_the_accounts_are_known(tmp_path: Path) -> None:
    app = local_app(tmp_path / "state.json", [Account("a", Secret("key-a"), A)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        keys = ["key-a", "sk_other"]
        found = [
            (await client.get("/api/v1/custom_domain/", headers={"Authorization": f"Bearer {key}"})).status_code
            for key in keys
        ]
    assert found == [404, 401]
