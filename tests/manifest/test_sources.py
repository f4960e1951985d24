from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reconciler.manifest.loader import load
from reconciler.manifest.sources import MAX_BYTES, read_files
from reconciler.model.diagnostics import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

GOOD = b"version: 1\nenvironments: {a: images.example.com}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    return tmp_path


def read(*paths: str) -> tuple[list[str], list[str]]:
    """The paths read, and what was wrong with the others."""
    files, problems = read_files(paths)
    return [file.path for file in files], [f"{item.code}: {item.message}" for item in problems]


def test_a_folder_means_every_yaml_file_below_it_in_sorted_order(here: Path) -> None:
    for name in ["b.yaml", "a/z.yml", "a/y.yaml", "c.yml", "a.yaml", "ignored.txt", "ignored.yaml.bak", "B.yaml"]:
        (here / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "m" / name).write_bytes(GOOD)
    expected = ["m/B.yaml", "m/a.yaml", "m/a/y.yaml", "m/a/z.yml", "m/b.yaml", "m/c.yml"]
    assert read("m") == (sorted(expected), [])
    assert read("m/") == (sorted(expected), [])


def test_a_file_named_twice_is_read_once(here: Path) -> None:
    (here / "a.yaml").write_bytes(GOOD)
    (here / "link.yaml").symlink_to("a.yaml")
    assert read("a.yaml", "./a.yaml", str(here / "a.yaml"), "link.yaml") == (["a.yaml"], [])


def test_hidden_files_and_folders_are_left_out(here: Path) -> None:
    for name in ["a.yaml", ".b.yaml", ".git/c.yaml", "x/.cache/d.yaml"]:
        (here / "m" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "m" / name).write_bytes(GOOD)
    assert read("m") == (["m/a.yaml"], [])
    assert read("m/.git", "m/.b.yaml") == (["m/.git/c.yaml", "m/.b.yaml"], [])


def test_files_of_a_mounted_config_map_keep_their_names(here: Path) -> None:
    data = here / "cfg" / "..2026_11_26"
    data.mkdir(parents=True)
    (data / "web.yaml").write_bytes(GOOD)
    (here / "cfg" / "..data").symlink_to(data.name)
    (here / "cfg" / "web.yaml").symlink_to("..data/web.yaml")
    assert read("cfg") == (["cfg/web.yaml"], [])


def test_a_link_that_points_outside_is_read_only_if_it_is_named(here: Path) -> None:
    (here / "other").mkdir()
    (here / "other" / "secret").write_bytes(GOOD)
    (here / "m").mkdir()
    (here / "m" / "a.yaml").symlink_to("../other/secret")
    (here / "imgwire.yaml").symlink_to("/etc/hostname")
    outside = "is a symbolic link to a file outside its folder"
    assert read("m") == ([], [f"file-not-found: `m/a.yaml` {outside}"])
    assert read() == ([], [f"file-not-found: `imgwire.yaml` {outside}"])
    assert read("m/a.yaml") == (["m/a.yaml"], [])
    (here / "mm").mkdir()
    (here / "mm" / "b.yaml").write_bytes(GOOD)
    (here / "m" / "a.yaml").unlink()
    (here / "m" / "a.yaml").symlink_to("../mm/b.yaml")  # a folder whose name begins with the other's
    assert read("m") == ([], [f"file-not-found: `m/a.yaml` {outside}"])


def test_a_deep_folder_is_read_and_one_that_is_too_deep_is_an_ordinary_error(here: Path) -> None:
    folder = os.open(here, os.O_RDONLY)
    for depth in range(2100):
        if depth == 1500:
            with os.fdopen(os.open("deep.yaml", os.O_CREAT | os.O_WRONLY, dir_fd=folder), "wb") as file:
                file.write(GOOD)
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    files, problems = read("d")
    subprocess.run(["rm", "-rf", "d"], check=True)  # pytest's own clean-up is recursive
    assert files == ["d/" * 1500 + "deep.yaml"]
    assert len(problems) == 1
    assert problems[0].endswith(": file name too long")


def test_paths_are_shown_as_given_and_relative_below_the_working_folder(
    here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "b.yaml"
    elsewhere.write_bytes(GOOD)
    (here / "a.yaml").write_bytes(GOOD)
    assert read(str(here / "a.yaml"), str(elsewhere), "-") == (["a.yaml", str(elsewhere), "<stdin>"], [])


@pytest.mark.parametrize(
    ("make", "path", "message"),
    [
        (lambda here: None, "no.yaml", "cannot read `no.yaml`: no such file or directory"),
        (lambda here: (here / "loop.yaml").symlink_to("loop.yaml"), "loop.yaml", "too many levels of symbolic links"),
        (lambda here: (here / "a.yaml").write_bytes(b""), "a.yaml/b.yaml", "not a directory"),
        (lambda here: (here / "empty").mkdir(), "empty", "the folder `empty` has no `*.yaml` and no `*.yml` files"),
        (lambda here: (here / "m" / "d.yaml").mkdir(parents=True), "m", "no `*.yaml`"),
        (lambda here: None, "a\0b.yaml", "embedded null byte"),
        (lambda here: None, "x" * 300 + ".yaml", "file name too long"),
    ],
    ids=["missing", "symlink loop", "below a file", "empty folder", "only a folder with a name like a file", "nul", "long name"],
)  # fmt: skip
def test_a_path_that_cannot_be_read_is_reported(here: Path, make: object, path: str, message: str) -> None:
    make(here)  # type: ignore[operator]
    files, (problem,) = read(path)
    assert files == []
    assert problem.startswith("file-not-found: ")
    assert message in problem


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_reported(here: Path) -> None:
    (here / "a.yaml").write_bytes(GOOD)
    (here / "a.yaml").chmod(0)
    assert read("a.yaml") == ([], ["file-not-found: cannot read `a.yaml`: permission denied"])


def test_a_folder_that_contains_itself_is_read_once(here: Path) -> None:
    (here / "m").mkdir()
    (here / "m" / "a.yaml").write_bytes(GOOD)
    (here / "m" / "again").symlink_to(".")
    assert read("m") == (["m/a.yaml"], [])


def test_a_named_pipe_and_a_device_are_refused_at_once(here: Path) -> None:
    os.mkfifo(here / "pipe.yaml")
    assert read("pipe.yaml", "/dev/zero") == (
        [],
        [
            "file-not-found: cannot read `pipe.yaml`: it is a named pipe (FIFO)",
            "file-not-found: cannot read `/dev/zero`: it is a device",
        ],
    )


def test_the_limit_is_for_all_files_together(here: Path) -> None:
    (here / "a.yaml").write_bytes(b"#" * (MAX_BYTES // 2))
    (here / "b.yaml").write_bytes(b"#" * (MAX_BYTES // 2))
    (here / "c.yaml").write_bytes(b"#")
    assert read("a.yaml", "b.yaml") == (["a.yaml", "b.yaml"], [])
    assert read("a.yaml", "b.yaml", "c.yaml")[1] == ["too-large: `c.yaml` makes the manifest larger than 16 MiB"]


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_being_checked(here: Path) -> None:
    (here / "a.yaml").write_bytes(GOOD.replace(b"images.", b""))
    with pytest.raises(InvalidInput) as invalid:
        load(["no.yaml", "a.yaml"])
    assert [item.code for item in invalid.value.diagnostics] == ["apex-hostname", "file-not-found"]


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("imgwire.yml", "did you mean `imgwire.yaml`?"),
        ("imgwire", "did you mean `imgwire.yaml`?"),
        ("other.yml", "check the path"),
        ("", "check the path"),
    ],
)
def test_a_missing_file_with_another_ending_is_named(here: Path, path: str, hint: str) -> None:
    (here / "imgwire.yaml").write_bytes(GOOD)
    assert [item.hint for item in read_files([path])[1]] == [hint]
