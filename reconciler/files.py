"""Bounded reads and atomic writes. Every file that a user or a manifest names is opened here.

`/dev/fd/N`, `/dev/stdin`, `/dev/stdout` and `/dev/stderr` mean the open descriptor itself, so process substitution and
redirection work. Reading from or writing to a descriptor that is a pipe has a time limit.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
"""Of a saved plan, receipt or baseline: 20,000 environments take about 30 MB."""

MAX_IDLE = 15.0
"""Seconds that a pipe may stay silent, or refuse to take more."""

MAX_TRANSFER = 120.0
"""Seconds for all of a pipe's content."""

_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,4})", re.ASCII)
_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
_CHUNK = 64 * 1024
_OPEN_ATTEMPTS = 5
_REPLACED = "another file has taken its place"
_KINDS = (
    (stat.S_ISFIFO, "it is a named pipe (FIFO)"),
    (stat.S_ISSOCK, "it is a socket"),
    (stat.S_ISCHR, "it is a device"),
    (stat.S_ISBLK, "it is a device"),
)
# A file that is a mount point (EBUSY), in a read-only folder, or in a sticky folder and owned by somebody else.
_NOT_REPLACEABLE = {errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS}


class RefusedFile(OSError):
    """The path names something that is never read or written: a named pipe, a device, for outputs also a symbolic link."""


class FileTooLarge(OSError):
    """The file has more bytes than its kind may have."""


def read_bounded(path: str, max_bytes: int) -> bytes:
    """The whole content of a regular file or of an open descriptor. Raises OSError, never waits for a named pipe.

    RefusedFile: a named pipe, socket, device or terminal. FileTooLarge: more than `max_bytes`. TimeoutError: a descriptor
    without data for MAX_IDLE seconds.
    """
    number = descriptor_of(path)
    if number is not None:
        content = _read_descriptor(number, max_bytes + 1)
    elif path == os.devnull:
        content = b""
    else:
        _check_kind(_stat(path))
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _check_kind(os.fstat(descriptor))  # it may have been exchanged meanwhile
            content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise FileTooLarge(errno.EFBIG, f"larger than {_size(max_bytes)}")
    return content


def write_atomic(path: str, text: str) -> None:
    """Replace the file as a whole: a reader sees the old content or the new. The mode is kept. Raises OSError.

    A file that cannot be replaced by rename, such as a bind mount, is written in place. RefusedFile: see `check_output`.
    """
    data = text.encode("utf-8")
    number = descriptor_of(path)
    if number is not None:
        _write_descriptor(number, data)
    elif path != os.devnull:
        check_output(path)
        try:
            _replace(path, data)
        except OSError as failure:
            if failure.errno not in _NOT_REPLACEABLE or not os.path.lexists(path):
                raise
            _overwrite(path, data)


def append(path: str, text: str) -> None:
    """Add to the end of a file, which is created if missing. Raises OSError; RefusedFile as `check_output` does."""
    data = text.encode("utf-8")
    number = descriptor_of(path)
    if number is not None:
        _write_descriptor(number, data)
    elif path != os.devnull:
        check_output(path)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with os.fdopen(os.open(path, flags, 0o666), "ab") as file:
            file.write(data)


class LockedFile:
    """A file that only grows, and that no other process opens so until it is closed or the process ends.

    It is created, or opened with what it has. Raises BlockingIOError where another process has it, OSError also where
    another file has taken its place. `locked` is false where the file system has no locks.
    """

    def __init__(self, path: str) -> None:
        check_output(path)
        self._path = path
        for _ in range(_OPEN_ATTEMPTS):
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)
            try:
                _check_kind(os.fstat(self._descriptor))
                self.locked = self._lock()
                self.check_place()
                break
            except (FileNotFoundError, RefusedFile) as error:
                os.close(self._descriptor)
                if error.errno not in {errno.ENOENT, errno.ESTALE}:
                    raise
            except BaseException:
                os.close(self._descriptor)
                raise
        else:
            raise RefusedFile(errno.ESTALE, _REPLACED)
        self._size = os.fstat(self._descriptor).st_size
        with contextlib.suppress(OSError):
            _sync_folder(os.path.dirname(path) or ".")

    def _lock(self) -> bool:
        import fcntl

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(errno.EWOULDBLOCK, "another run is writing it", self._path) from None
        except OSError:  # not every file system has locks
            return False
        return True

    def check_place(self) -> None:
        """Raises FileNotFoundError or RefusedFile where the file is no longer at its path."""
        found, own = os.lstat(self._path), os.fstat(self._descriptor)
        if (found.st_dev, found.st_ino) != (own.st_dev, own.st_ino):
            raise RefusedFile(errno.ESTALE, _REPLACED)

    def content(self, max_bytes: int) -> bytes:
        """All that it has. Raises FileTooLarge for more than `max_bytes`."""
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            content = file.read(max_bytes + 1)
        if len(content) > max_bytes:
            raise FileTooLarge(errno.EFBIG, f"larger than {_size(max_bytes)}")
        return content

    def append(self, text: str, *, durable: bool = True) -> None:
        """Add to the end, all of it or nothing. `durable`: it is on the disk when this returns."""
        self.check_place()
        data = text.encode("utf-8")
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(self._descriptor, left) :]
            if durable:
                os.fdatasync(self._descriptor) if hasattr(os, "fdatasync") else os.fsync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            raise
        self._size += len(data)

    def clear(self) -> None:
        """Begin again with nothing."""
        os.ftruncate(self._descriptor, 0)
        self._size = 0

    def copy_mode(self, path: str) -> None:
        """Let the same people read it as that file."""
        os.fchmod(self._descriptor, stat.S_IMODE(os.lstat(path).st_mode))

    def remove(self) -> None:
        """Delete it, unless another file has taken its place, and close it."""
        try:
            self.check_place()
            os.unlink(self._path)
        except (FileNotFoundError, RefusedFile):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Keep it, and let other processes have it."""
        os.close(self._descriptor)


def remove(path: str) -> bool:
    """Delete a regular file that an output would replace, and return whether there was one. Raises OSError."""
    if path == os.devnull or descriptor_of(path) is not None or not os.path.lexists(path):
        return False
    check_output(path)
    os.unlink(path)
    return True


def check_output(path: str) -> None:
    """Raises RefusedFile for an output that would go through a symbolic link or to anything but a regular file.

    Accepted are `/dev/null` and open descriptors. A symbolic link counts if it is the last part of the path, or part of a
    relative path, or if it lies below the working folder or in a Git repository: a repository may contain links that its reader
    did not make. Links elsewhere, such as `/tmp` on macOS, are followed. What does not exist is fine.
    """
    number = descriptor_of(path)
    if path == os.devnull:
        return
    if number is not None:
        try:
            os.fstat(number)
        except OSError:
            raise RefusedFile(errno.EBADF, f"the descriptor {number} is not open") from None
        return
    for link in _links(path):
        what = "it is a symbolic link" if link == path.rstrip("/") else f"`{link}` is a symbolic link"
        raise RefusedFile(errno.ELOOP, what)
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return
    if stat.S_ISDIR(found.st_mode):
        raise RefusedFile(errno.EISDIR, "it is a folder")
    _check_kind(found)


def descriptor_of(path: str) -> int | None:
    """The number of the open descriptor that the path stands for, or None."""
    if path in _STREAMS:
        return _STREAMS[path]
    match = _DESCRIPTOR.fullmatch(path)
    return int(match[1]) if match else None


def _stat(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except ValueError:  # an embedded NUL, or a lone surrogate
        raise OSError(errno.EINVAL, "not a valid path") from None


def _check_kind(found: os.stat_result) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    for is_kind, what in _KINDS:
        if is_kind(found.st_mode):
            raise RefusedFile(errno.EINVAL, what)


def _links(path: str) -> Iterator[str]:
    """The symbolic links among the parts of the path that an output must not follow."""
    whole = path.rstrip("/")
    ends = [index for index, character in enumerate(whole) if character == "/" and index]
    for current in (whole[:end] for end in [*ends, len(whole)]):
        if os.path.islink(current) and (
            current == whole or not path.startswith("/") or _may_have_links_of_others(os.path.dirname(current))
        ):
            yield current


def _may_have_links_of_others(folder: str) -> bool:
    """The folder is the working folder or below it, or in a Git repository."""
    place = os.path.realpath(folder)
    try:
        working = os.getcwd()
    except OSError:  # it was deleted
        working = None
    while True:
        if place == working or os.path.lexists(os.path.join(place, ".git")):
            return True
        if place == os.path.dirname(place):
            return False
        place = os.path.dirname(place)


def _read_descriptor(number: int, max_bytes: int) -> bytes:
    mode = os.fstat(number).st_mode
    if stat.S_ISREG(mode):
        with os.fdopen(os.dup(number), "rb") as file:
            file.seek(0)  # also when it is read for the second time
            return file.read(max_bytes)
    if os.isatty(number):
        raise RefusedFile(errno.EINVAL, "it is a terminal")
    content = bytearray()
    for _ in _ready(number, select.POLLIN, "it sent no data"):
        chunk = os.read(number, min(_CHUNK, max_bytes - len(content)))
        content += chunk
        if not chunk or len(content) == max_bytes:
            break
    return bytes(content)


def _write_descriptor(number: int, data: bytes) -> None:
    regular = stat.S_ISREG(os.fstat(number).st_mode)
    view = memoryview(data)
    ready = _ready(number, select.POLLOUT, "it took no data")
    while view:
        next(ready)
        view = view[os.write(number, view if regular else view[: select.PIPE_BUF]) :]


def _ready(number: int, event: int, complaint: str) -> Iterator[None]:
    """One turn for each time that the descriptor is ready. Raises TimeoutError."""
    poll = select.poll()
    poll.register(number, event)
    end = time.monotonic() + MAX_TRANSFER
    while True:
        seconds = min(MAX_IDLE, end - time.monotonic())
        if seconds <= 0 or not poll.poll(seconds * 1000):
            raise TimeoutError(
                errno.ETIMEDOUT, f"{complaint} for {MAX_IDLE:.0f} s" if seconds > 0 else "it is too slow"
            )
        yield


def _replace(path: str, data: bytes) -> None:
    folder, name = os.path.split(path)
    try:
        mode: int | None = stat.S_IMODE(os.lstat(path).st_mode)
    except FileNotFoundError:
        mode = None
    temporary = os.path.join(folder, f".{name[:200]}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666 if mode is None else mode & 0o700)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if mode is not None:
                os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    with contextlib.suppress(OSError):  # the new name survives a crash, where the file system can promise it
        _sync_folder(folder or ".")


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _overwrite(path: str, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        _check_kind(os.fstat(descriptor))
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(descriptor)


def _size(count: int) -> str:
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"
