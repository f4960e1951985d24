"""Where the state is kept: in memory, or in a JSON file that several processes may share.

Beside `state.json` lie `state.json.lock`, held for each write, and while a large state is being written
`state.json.journal`: one line a write, so that a write costs the same at 20,000 Environments as at one. The first line of a
journal names the generation of the state file that it adds to; a journal of another generation is left over and ignored. A
last line without its end was cut off by a crash and is ignored too.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.emulator.state import FORMAT, Change, State, StateError, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_PLAIN_BYTES = 256 * 1024  # below this size the file is simply written anew, so that people find all of it in one place
_JOURNAL_BYTES = 4 * 1024 * 1024
_NOTE = "State of a local emulator. This is not Imgwire. Keys are SHA-256 digests."

Fingerprint = tuple[int, int, int] | None


class Store(Protocol):
    """Holds one state. `read` gives it as it is now; `write` gives it alone to its block and saves what the block changed."""

    def read(self) -> State: ...

    def write(self) -> AbstractContextManager[State]: ...


class MemoryStore:
    """A state that ends with the process."""

    def __init__(self) -> None:
        self._state = State()

    def read(self) -> State:
        return self._state

    @contextmanager
    def write(self) -> Iterator[State]:
        yield self._state
        self._state.take_changes()


class FileStore:
    """A state in a JSON file. Raises StateError where the file is damaged, not ours or cannot be read or written.

    `plain_bytes` is the size up to which a write replaces the whole file; 0 writes a journal from the start.
    """

    def __init__(self, path: Path, *, plain_bytes: int = _PLAIN_BYTES) -> None:
        if path.is_dir():
            raise StateError(f"{path}: cannot be used: Is a directory")
        self._path = path
        self._journal = path.with_name(path.name + ".journal")
        self._lock = path.with_name(path.name + ".lock")
        self._plain_bytes = plain_bytes
        self._state = State()
        self._generation = 0
        self._journal_end = 0
        self._seen: tuple[Fingerprint, Fingerprint] | None = None
        with self._locked():
            self._catch_up()

    def read(self) -> State:
        """The state as it is now: two looks at the folder, and the files only when another process changed them."""
        if self._seen != self._fingerprints():
            with self._locked():
                self._catch_up()
        return self._state

    @contextmanager
    def write(self) -> Iterator[State]:
        """The state for one change, alone among all processes. A block that raises changes nothing."""
        with self._locked():
            self._catch_up()
            try:
                yield self._state
            except BaseException:
                if self._state.take_changes():
                    self._seen = None
                raise
            if changes := self._state.take_changes():
                self._seen, before = None, self._seen
                self._save(changes, before or (None, None))
                self._seen = self._fingerprints()

    def compact(self) -> None:
        """Fold the journal into the state file, so that people find everything there."""
        with self._locked():
            self._catch_up()
            if self._journal.exists():
                self._write_whole()
                self._seen = self._fingerprints()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"{self._path}: cannot be used: {error.strerror}") from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _fingerprints(self) -> tuple[Fingerprint, Fingerprint]:
        return _fingerprint(self._path), _fingerprint(self._journal)

    def _catch_up(self) -> None:
        """Read what others wrote: the journal's new lines where only these are new, else both files whole."""
        seen = self._fingerprints()
        if seen == self._seen:
            return
        try:
            if self._seen is None or seen[0] != self._seen[0] or not _continues(self._seen[1], seen[1]):
                self._state, self._journal_end = State(), 0
                self._generation = _fill(self._state, self._path.read_text(encoding="utf-8")) if seen[0] else 0
            if seen[1]:
                self._replay()
        except OSError as error:
            raise StateError(f"{self._path}: cannot be read: {error.strerror}") from None
        except StateError as error:
            raise StateError(f"{self._path}: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise StateError(f"{self._path}: not a state of the emulator, or damaged") from None
        self._seen = self._fingerprints()

    def _replay(self) -> None:
        with self._journal.open("rb") as stream:
            stream.seek(self._journal_end)
            whole, newline, torn = stream.read().rpartition(b"\n")
        lines = whole.splitlines()
        if self._journal_end == 0 and (not lines or json.loads(lines.pop(0))["generation"] != self._generation):
            self._journal.unlink()
            return
        for line in lines:
            for kind, name, value in json.loads(line):
                self._state.apply(kind, name, from_json(kind, name, value))
        self._journal_end += len(whole) + len(newline)
        if torn:
            os.truncate(self._journal, self._journal_end)

    def _save(self, changes: list[Change], seen: tuple[Fingerprint, Fingerprint]) -> None:
        size, grown = (item[1] if item else 0 for item in seen)
        if seen[0] is None or size + grown < self._plain_bytes or grown > max(size, _JOURNAL_BYTES):
            self._write_whole()
            return
        line = json.dumps([(kind, name, to_json(item)) for kind, name, item in changes]) + "\n"
        if seen[1] is None:
            line = json.dumps({"format": FORMAT, "generation": self._generation}) + "\n" + line
        try:
            with self._journal.open("a", encoding="utf-8") as stream:
                self._journal_end += stream.write(line)
        except OSError as error:
            raise StateError(f"{self._journal}: cannot be written: {error.strerror}") from None

    def _write_whole(self) -> None:
        try:
            descriptor, name = tempfile.mkstemp(prefix=self._path.name + ".", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    stream.write(_rendered(self._state, self._generation + 1))
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._journal.unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{self._path}: cannot be written: {error.strerror}") from None
        self._generation += 1
        self._journal_end = 0


def _fingerprint(path: Path) -> Fingerprint:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _continues(before: Fingerprint, now: Fingerprint) -> bool:
    return before is None or (now is not None and now[2] == before[2] and now[1] >= before[1])


def _fill(state: State, text: str) -> int:
    plain: Any = json.loads(text)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        raise StateError("not a state of the emulator")
    if str(plain.get("format_version")).partition(".")[0] != "1":
        raise StateError("written by a newer version")
    state.apply("clock_offset", "", from_json("clock_offset", "", plain["clock_offset_seconds"]))
    state.apply("organization", "", from_json("organization", "", plain["organization"]))
    for name, value in plain["environments"].items():
        state.apply("environment", name, from_json("environment", name, value))
    for name, value in plain["keys"].items():
        state.apply("key", name, from_json("key", name, value))
    return int(plain["generation"])


def _rendered(state: State, generation: int) -> str:
    """One Environment a line: readable, and quick to write."""
    head = json.dumps({"format": FORMAT, "format_version": "1.0", "note": _NOTE, "generation": generation}, indent=1)
    parts = [
        head.removesuffix("\n}"),
        f',\n "clock_offset_seconds": {state.clock_offset}',
        f',\n "organization": {json.dumps(to_json(state.organization))}',
    ]
    for title, items in (("environments", state.environments), ("keys", state.keys)):
        rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(to_json(item))}" for name, item in items.items())
        parts.append(f',\n "{title}": {{\n{rows}\n }}' if rows else f',\n "{title}": {{}}')
    return "".join([*parts, "\n}\n"])
