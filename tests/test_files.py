"""Reading and writing files of every kind: regular files, descriptors, links, pipes, devices, mount points."""

from __future__ import annotations

import os
import resource
import shlex
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler import files
from reconciler.files import FileTooLarge, LockedFile, RefusedFile, append, check_output, read_bounded, write_atomic

ROOT = Path(__file__).parents[1]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_IDLE", 0.05)


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


# Reading


def test_a_file_is_read_up_to_its_limit(here: Path) -> None:
    (here / "a").write_bytes(b"12345")
    assert read_bounded("a", 5) == b"12345"
    with pytest.raises(FileTooLarge, match="larger than 4 bytes"):
        read_bounded("a", 4)
    (here / "a").write_bytes(b" " * (2 * 1024 * 1024 + 1))
    with pytest.raises(FileTooLarge, match="larger than 2 MiB"):
        read_bounded("a", 2 * 1024 * 1024)


def test_a_link_is_read_through(here: Path) -> None:
    (here / "a").write_bytes(b"12345")
    (here / "link").symlink_to("a")
    assert read_bounded("link", 5) == b"12345"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("pipe", "it is a named pipe"),
        ("link-to-pipe", "it is a named pipe"),
        ("/dev/zero", "it is a device"),
        (".", "Is a directory"),
        ("loop", "Too many levels of symbolic links"),
        ("missing", "No such file or directory"),
        ("a\0b", "not a valid path"),
        ("\ud800", "not a valid path"),
        ("x/" * 3000, "File name too long"),
        ("/dev/fd/987", "Bad file descriptor"),
    ],
    ids=ascii,
)
def test_what_cannot_be_read_is_an_error_at_once(here: Path, path: str, error: str) -> None:
    os.mkfifo("pipe")
    (here / "link-to-pipe").symlink_to("pipe")
    (here / "loop").symlink_to("loop")
    with pytest.raises(OSError, match=error):
        read_bounded(path[:5000], 100)


def test_an_empty_device_is_empty() -> None:
    assert read_bounded("/dev/null", 0) == b""


def test_a_descriptor_is_read_to_its_end_and_a_regular_one_again() -> None:
    reader, writer = os.pipe()
    threading.Thread(target=lambda: (os.write(writer, b"123"), os.write(writer, b"45"), os.close(writer))).start()
    assert read_bounded(f"/dev/fd/{reader}", 100) == b"12345"
    os.close(reader)
    descriptor = os.memfd_create("a")
    os.write(descriptor, b"12345")
    assert [read_bounded(f"/dev/fd/{descriptor}", 100) for _ in range(2)] == [b"12345", b"12345"]
    os.close(descriptor)


@pytest.mark.usefixtures("impatient")
def test_a_silent_descriptor_has_a_time_limit() -> None:
    reader, writer = os.pipe()
    with pytest.raises(TimeoutError, match="it sent no data"):
        read_bounded(f"/dev/fd/{reader}", 100)
    os.close(reader)
    os.close(writer)


@pytest.mark.usefixtures("impatient")
def test_a_pipe_that_is_full_after_the_last_byte_has_taken_everything() -> None:
    reader, writer = os.pipe()
    data = "x" * 65_000  # with less than PIPE_BUF left, poll does not report the pipe as ready
    write_atomic(f"/dev/fd/{writer}", data)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        assert file.read() == data.encode()


def test_an_endless_descriptor_is_too_large() -> None:
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    with pytest.raises(FileTooLarge):
        read_bounded(f"/dev/fd/{descriptor}", 100_000)
    os.close(descriptor)


def test_a_terminal_is_not_read() -> None:
    leader, follower = os.openpty()
    with pytest.raises(RefusedFile, match="it is a terminal"):
        read_bounded(f"/dev/fd/{follower}", 100)
    os.close(leader)
    os.close(follower)


# Writing


def test_a_file_is_replaced_as_a_whole_and_keeps_its_mode(here: Path) -> None:
    write_atomic("a", "first")
    assert stat.S_IMODE(Path("a").stat().st_mode) == 0o666 & ~_umask()
    Path("a").chmod(0o640)
    with Path("a").open() as old:
        write_atomic("a", "s\u00e9cond")
        assert old.read() == "first"
    assert Path("a").read_bytes() == "s\u00e9cond".encode()
    assert stat.S_IMODE(Path("a").stat().st_mode) == 0o640
    assert left_over(here) == []


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


REFUSED = {
    "link": "it is a symbolic link",
    "dangling": "it is a symbolic link",
    "loop": "it is a symbolic link",
    "folder-link/new": "`folder-link` is a symbolic link",
    "folder/../folder-link/new": "`folder/../folder-link` is a symbolic link",
    "{here}/folder-link/new": "folder-link` is a symbolic link",
    "{outside}/link": "it is a symbolic link",
    "pipe": "it is a named pipe",
    "/dev/full": "it is a device",
    "folder": "it is a folder",
    "/dev/fd/987": "the descriptor 987 is not open",
}


@pytest.mark.parametrize("path", REFUSED)
@pytest.mark.parametrize("write", [write_atomic, append], ids=["write", "append"])
def test_an_output_that_is_no_regular_file_is_refused_at_once(
    here: Path, path: str, write: object, tmp_path: Path
) -> None:
    (here / "a").write_text("a")
    for name in ["folder", "../outside"]:
        (here / name).mkdir()
    for folder in [here, tmp_path / "outside"]:
        (folder / "link").symlink_to(here / "a")
    (here / "dangling").symlink_to("nothing")
    (here / "loop").symlink_to("loop")
    (here / "folder-link").symlink_to("folder")
    os.mkfifo("pipe")
    real = path.format(here=here, outside=tmp_path / "outside")
    with pytest.raises(RefusedFile, match=REFUSED[path]):
        check_output(real)
    with pytest.raises(OSError, match=r"symbolic link|pipe|device|folder|descriptor"):
        write(real, "text")  # type: ignore[operator]
    assert (here / "a").read_text() == "a"
    assert not (here / "folder" / "new").exists()
    assert not (here / "nothing").exists()


def test_a_folder_outside_the_working_folder_may_be_a_link(tmp_path: Path, here: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "linked").symlink_to("real")
    write_atomic(f"{tmp_path}/linked/a", "a")
    assert (tmp_path / "real" / "a").read_text() == "a"


@pytest.mark.parametrize("path", ["{0}/out/a", "{0}/infra/../out/a", "/{0}/./out/a", "{0}/../linked/out/a", "../out/a"])
def test_a_folder_link_of_the_repository_is_refused_from_any_folder_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    repository, outside = tmp_path / "repository", tmp_path / "outside"
    for folder in (repository / ".git", repository / "infra", outside):
        folder.mkdir(parents=True)
    (repository / "out").symlink_to(outside)
    (tmp_path / "linked").symlink_to(repository)
    monkeypatch.chdir(repository / "infra")
    with pytest.raises(RefusedFile, match="out` is a symbolic link"):
        write_atomic(path.format(repository), "a")
    assert list(outside.iterdir()) == []


def test_a_device_without_memory_takes_everything() -> None:
    check_output("/dev/null")
    write_atomic("/dev/null", "a")
    append("/dev/null", "a")
    assert Path("/dev/null").is_char_device()


def test_a_descriptor_is_written_where_it_stands() -> None:
    descriptor = os.memfd_create("a")
    os.write(descriptor, b"before ")
    write_atomic(f"/dev/fd/{descriptor}", "after")
    append(f"/proc/self/fd/{descriptor}", "wards")
    assert os.pread(descriptor, 100, 0) == b"before afterwards"
    os.close(descriptor)


@pytest.mark.usefixtures("impatient")
def test_a_descriptor_that_nobody_reads_has_a_time_limit() -> None:
    reader, writer = os.pipe()
    with pytest.raises(TimeoutError, match="it took no data"):
        write_atomic(f"/dev/fd/{writer}", "x" * 1_000_000)
    os.close(reader)
    os.close(writer)


def test_appending_keeps_what_is_there(here: Path) -> None:
    append("a", "1")
    append("a", "2")
    assert (here / "a").read_text() == "12"


def test_an_error_leaves_the_old_file_and_nothing_else(here: Path) -> None:
    (here / "a").write_text("a")
    with pytest.raises(UnicodeEncodeError):
        write_atomic("a", "\ud800")
    with pytest.raises(OSError, match="No such file or directory"):
        write_atomic("missing/a", "a")
    assert ((here / "a").read_text(), left_over(here)) == ("a", [])


MOUNTED = """\
mount --bind source target && {python} -c '
from reconciler.files import write_atomic
write_atomic("target", "longer than before")
write_atomic("target", "short")
' && cat target
"""


def can_mount() -> bool:
    try:
        return subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not can_mount(), reason="needs user and mount namespaces (unshare -rm)")
def test_a_bind_mounted_file_is_written_in_place(here: Path) -> None:
    (here / "source").write_text("before")
    (here / "target").write_text("")
    script = MOUNTED.format(python=shlex.quote(sys.executable))
    ended = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "short", "")
    assert ((here / "source").read_text(), left_over(here)) == ("short", [])


def test_a_line_that_does_not_fit_leaves_the_lines_before_it(tmp_path: Path) -> None:
    path = tmp_path / "r.json.journal"
    file = LockedFile(str(path))
    file.append("first\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            file.append("a line that is too long\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    file.append("last\n")
    file.close()
    assert (path.read_text(encoding="utf-8"), path.stat().st_mode & 0o777) == ("first\nlast\n", 0o600)


def test_a_file_that_is_no_longer_at_its_path_is_not_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "r.json.journal"
    file = LockedFile(str(path))
    path.unlink()
    path.touch()
    with pytest.raises(OSError, match="another file has taken its place"):
        file.append("first\n")
    file.remove()
    assert path.exists()


def test_a_file_that_another_process_has_locked_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json.journal"
    file = LockedFile(str(path))
    with pytest.raises(BlockingIOError, match="another run is writing it"):
        LockedFile(str(path))
    file.append("first\n")
    file.close()
    again = LockedFile(str(path))
    assert again.content(100) == b"first\n"
    again.remove()
    assert not path.exists()
