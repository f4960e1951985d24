"""Where the state is kept: in memory, or in a JSON file that several processes may share.

Beside `state.json` lies `state.json.lock`, which is locked for each write. While the state is large there is also
`state.json.journal` with one line per write, so that a write costs the same at 20,000 Environments as at one. The first line
of a journal names the generation and the SHA-256 of the state file that it continues. A journal of another generation is a
leftover and is ignored; a state file of the same generation but other content was edited by hand, which is refused. A last
line without its end is what a crash left, and is ignored too.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from reconciler.emulator.state import FORMAT, Change, State, StateError, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

_MAX_WHOLE_BYTES = (
    256 * 1024
)  # up to this size each write replaces the file, so that people find and edit all of it there
_MAX_JOURNAL_BYTES = 4 * 1024 * 1024
_NOTE = "State of a local emulator. This is not Imgwire. Keys are SHA-256 digests."


class Fingerprint(NamedTuple):
    """What `stat` returns for a file: its time in nanoseconds, its size in bytes, its inode."""

    time: int
    size: int
    inode: int


Fingerprints = tuple[Fingerprint | None, Fingerprint | None]  # of the state file and of the journal


class Store(Protocol):
    """Stores one state. `read` returns it; `write` locks it for its block and saves what the block changed."""

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
    """A state in a JSON file. Raises StateError where the file is damaged, of another kind, or cannot be read or written.

    `max_whole_bytes` is the size up to which each write replaces the whole file; 0 starts a journal at the second write.
    """

    def __init__(self, path: Path, *, max_whole_bytes: int = _MAX_WHOLE_BYTES) -> None:
        if path.is_dir():
            raise StateError(f"{path}: cannot be used: Is a directory")
        self._path = path
        self._journal = path.with_name(path.name + ".journal")
        self._lock = path.with_name(path.name + ".lock")
        self._max_whole_bytes = max_whole_bytes
        self._state = State()
        self._generation = 0
        self._digest = ""  # of the state file's text
        self._journal_end = 0
        self._seen: Fingerprints | None = None
        had_lock = self._lock.exists()
        try:
            with self._locked():
                self._catch_up()
        except StateError:
            if not had_lock:  # nothing is left beside a file of another kind
                self._lock.unlink(missing_ok=True)
            raise

    def read(self) -> State:
        """The state as it is now: two `stat` calls, and the files only when another process or an editor changed them."""
        if self._seen != self._fingerprints():
            with self._locked():
                self._catch_up()
        return self._state

    @contextmanager
    def write(self) -> Iterator[State]:
        """The state for one change, with all other processes locked out. A block that raises changes nothing."""
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
                self._write_whole(self._fingerprints())
                self._seen = self._fingerprints()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        import fcntl

        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StateError(f"{self._path}: cannot be used: {error.strerror}") from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:  # not every file system has locks
                raise StateError(f"{self._path}: cannot be locked: {error.strerror}") from None
            yield
        finally:
            os.close(descriptor)

    def _fingerprints(self) -> Fingerprints:
        return _fingerprint(self._path), _fingerprint(self._journal)

    def _catch_up(self) -> None:
        """Read what others wrote: the journal's new lines where only these are new, else both files whole."""
        seen = self._fingerprints()
        if seen == self._seen:
            return
        try:
            if self._seen is None or seen[0] != self._seen[0] or not _continues(self._seen[1], seen[1]):
                self._load(self._path.read_text(encoding="utf-8") if seen[0] else None)
            if seen[1]:
                self._replay()
        except OSError as error:
            self._seen = None
            raise StateError(f"{self._path}: cannot be read: {error.strerror}") from None
        except StateError as error:
            self._seen = None
            raise StateError(f"{self._path}: {error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._seen = None
            raise StateError(f"{self._path}: not a state of the emulator, or damaged") from None
        self._seen = self._fingerprints()

    def _load(self, text: str | None) -> None:
        self._state, self._journal_end = State(), 0
        self._generation = 0 if text is None else _fill(self._state, text)
        self._digest = _digest(text or "")

    def _replay(self) -> None:
        with self._journal.open("rb") as stream:
            stream.seek(self._journal_end)
            whole, newline, torn = stream.read().rpartition(b"\n")
        lines = whole.splitlines()
        if self._journal_end == 0:
            head = json.loads(lines.pop(0)) if lines else {"generation": None}
            if head["generation"] != self._generation:
                self._journal.unlink()
                return
            if head["sha256"] != self._digest:
                raise StateError(
                    f"edited while {self._journal.name} contains {len(lines)} later writes. "
                    f"Delete {self._journal.name} to keep the edit, or undo the edit to keep the writes"
                )
        for line in lines:
            for kind, name, value in json.loads(line):
                self._state.apply(kind, name, from_json(kind, name, value))
        self._journal_end += len(whole) + len(newline)
        if torn:
            os.truncate(self._journal, self._journal_end)

    def _save(self, changes: list[Change], seen: Fingerprints) -> None:
        size, journal_size = (item.size if item else 0 for item in seen)
        small = size + journal_size < self._max_whole_bytes
        if seen[0] is None or small or journal_size > max(size, _MAX_JOURNAL_BYTES):
            self._write_whole(seen)
            return
        line = json.dumps([(kind, name, to_json(item)) for kind, name, item in changes]) + "\n"
        if seen[1] is None:
            head = {"format": FORMAT, "generation": self._generation, "sha256": self._digest}
            line = json.dumps(head) + "\n" + line
        try:
            descriptor = os.open(self._journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                self._journal_end += stream.write(line)
        except OSError as error:
            raise StateError(f"{self._journal}: cannot be written: {error.strerror}") from None

    def _write_whole(self, seen: Fingerprints) -> None:
        text = _render(self._state, self._generation + 1)
        try:
            descriptor, name = tempfile.mkstemp(prefix=self._path.name + ".", dir=self._path.parent)
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                    stream.write(text)
                    stream.flush()
                    os.fsync(stream.fileno())
                if _fingerprint(self._path) != seen[0]:
                    raise StateError(f"{self._path}: edited during a write, which is lost. The edit is kept")
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
            self._journal.unlink(missing_ok=True)
        except OSError as error:
            raise StateError(f"{self._path}: cannot be written: {error.strerror}") from None
        self._generation += 1
        self._digest = _digest(text)
        self._journal_end = 0


def _fingerprint(path: Path) -> Fingerprint | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return Fingerprint(status.st_mtime_ns, status.st_size, status.st_ino)


def _continues(before: Fingerprint | None, now: Fingerprint | None) -> bool:
    return before is None or (now is not None and now.inode == before.inode and now.size >= before.size)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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


def _render(state: State, generation: int) -> str:
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
