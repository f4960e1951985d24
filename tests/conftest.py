"""What every test may use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pathlib import Path

settings.register_profile("project", deadline=None)  # machines are noisy
settings.register_profile("long", max_examples=5_000, deadline=None)
settings.load_profile("project")
pytest_plugins = ["emulator_fixture"]


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio only, as the program does."""
    return "asyncio"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite expected outputs; read the diff before you commit it"
    )


class Golden(Protocol):
    def __call__(self, path: Path, actual: str) -> None: ...


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a whole output with the file that holds the expected one."""

    def compare(path: Path, actual: str) -> None:
        if request.config.getoption("--update-golden"):
            path.write_bytes(actual.encode())
        assert actual == path.read_bytes().decode(), f"differs from {path.name}; --update-golden accepts it"

    return compare
