"""The options of a command line that the next command needs too."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PLACE = ("files", "emulator", "api_url", "keys_file", "key_variables", "allow_http")
_SELECTION = ("names", "selectors", "shard")
_GUARDS = ("unprotect", "max_interruptions", "ignore_window")
_BASE = ("base",)
_RECORD = ("receipt", "publish")


@dataclass(frozen=True, slots=True)
class Given:
    """The words of a command line that the next command needs too.

    `place` has the places of the manifest, the API and the keys. `selection` narrows the run, `guards` lifts guards, `base` adds
    those of the base revision. `record` is what an apply keeps or publishes besides, `saved` the plan file that it runs.
    """

    place: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    saved: str | None = None

    def again(self) -> str:
        """The command line that goes on with this apply: with the same plan file, if it has one."""
        return self.apply(*([self.saved] if self.saved else []))

    def apply(self, *plan: str) -> str:
        """The command line that applies this plan: the one saved at a path, or the one whose digest is given."""
        is_saved = bool(plan) and not plan[0].startswith("-")
        # An approval by digest is often given on another machine, which has no checkout of the base revision.
        last = self.base if is_saved or not plan else ()
        selection = () if is_saved else self.selection
        return shlex.join(["reconciler", "apply", *plan, *self.place, *selection, *self.guards, *self.record, *last])


def given_of(values: Mapping[str, object], options: Mapping[str, str], default_state: str) -> Given:
    """From the values of the options by name, and how each option is written. `default_state` is the one of `--emulator`."""

    def words(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            word for name in names if name in options for word in _words(options[name], values.get(name), default_state)
        )

    saved = values.get("planfile")
    return Given(
        words(_PLACE), words(_SELECTION), words(_GUARDS), words(_BASE), words(_RECORD), str(saved) if saved else None
    )


def _words(option: str, value: object, default_state: str) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else (value,):
        match item:
            case None | False:
                pass
            case True:
                yield option
            case _ if option == "--emulator":  # its value is optional
                yield option if item == default_state else f"{option}={item}"
            case _:
                yield from (option, str(item))
