"""SIGTERM as an exception, for the times when no event loop listens."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM came while nothing was being written."""


def _terminated(_number: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated


def listen() -> None:
    """From now on SIGINT raises KeyboardInterrupt and SIGTERM raises Terminated."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _terminated)
