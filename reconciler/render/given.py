"""The options of a command line that the next command needs too."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.environments import EMULATOR_API_URL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.environments import Source

_PLACE = ("files", "emulator", "api_url", "keys_file", "key_variables", "allow_http")
_SELECTION = ("names", "selectors", "shard")
_GUARDS = ("unprotect", "max_interruptions", "ignore_window")
_BASE = ("base",)
_REPEATABLE = frozenset({"--unprotect", "--env"})
_MAX_FILES = 3
_RECORD = ("receipt", "publish")
_LOOKUP = ("off",)  # --no-dns
_SERVERS = ("servers",)
_COMPARISON = ("baseline", "health", "dns")


@dataclass(frozen=True, slots=True)
class Given:
    """The words of a command line that the next command needs too.

    `place` has the places of the manifest, the API and the keys. `selection` narrows the run, `guards` lifts guards, `base` adds
    those of the base revision. `record` is what an apply keeps or publishes besides, `saved` the plan file that it runs. `lookup`
    turns DNS lookups off, `servers` are those that they query, `comparison` is what a drift compares with.
    """

    place: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    base: tuple[str, ...] = ()
    record: tuple[str, ...] = ()
    saved: str | None = None
    lookup: tuple[str, ...] = ()
    servers: tuple[str, ...] = ()
    comparison: tuple[str, ...] = ()

    def again(self) -> str:
        """The command line that goes on with this apply: with the same plan file, if it has one."""
        return self.apply(*([self.saved] if self.saved else []))

    def renewal(self) -> str:
        """The command line that writes a receipt of all environments in place of the baseline of this drift."""
        place = self.comparison.index("--baseline") + 1 if "--baseline" in self.comparison else None
        baseline = "FILE" if place is None else self.comparison[place]
        return shlex.join(["reconciler", "apply", *self.place, "--receipt", baseline])

    def plan(self, path: str) -> str:
        """The command line that saves a new plan at a path."""
        words = ("--out", path, *self.place, *self.selection, *self.guards, *self.base)
        return shlex.join(["reconciler", "plan", *words])

    def apply(self, *plan: str) -> str:
        """The command line that applies this plan: the one saved at a path, or the one whose digest is given."""
        is_saved = bool(plan) and not plan[0].startswith("-")
        # An approval by digest is often given on another machine, which has no checkout of the base revision.
        last = self.base if is_saved or not plan else ()
        selection = () if is_saved else self.selection
        more = (*self.guards, *self.record, *self.lookup, *self.servers, *last)
        return shlex.join(["reconciler", "apply", *plan, *self.place, *selection, *more])


def given_of_source(source: Source) -> Given | None:
    """What reaches the manifest of an earlier run; None for so many files that no command line has them all. The URL of the
    API is in the environment in most places."""
    files = [file.path for file in source.files]
    if len(files) > _MAX_FILES:
        return None
    manifest = () if files == ["imgwire.yaml"] else tuple(word for file in files for word in ("-f", file))
    emulator = ("--emulator",) if source.api_url == EMULATOR_API_URL else ()
    return Given((*manifest, *emulator), source.options)


def given_of(values: Mapping[str, object], options: Mapping[str, str], default_state: str) -> Given:
    """From the values of the options by name, and how each option is written. `default_state` is the one of `--emulator`."""

    def words(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            word for name in names if name in options for word in _words(options[name], values.get(name), default_state)
        )

    saved = values.get("planfile")
    last = str(saved) if saved else None
    return Given(
        words(_PLACE),
        words(_SELECTION),
        words(_GUARDS),
        words(_BASE),
        words(_RECORD),
        last,
        words(_LOOKUP),
        words(_SERVERS),
        words(_COMPARISON),
    )


def with_options(given: Sequence[str], more: Sequence[str]) -> list[str]:
    """The words of a command line with the options in `more`, each of which replaces what `given` has for it."""
    words = list(given)
    for place, option in enumerate(more):
        if option.startswith("--") and option not in _REPEATABLE:
            is_flag = not more[place + 1 : place + 2] or more[place + 1].startswith("--")
            words = _without(words, option, 1 if is_flag else 2)
    end = words.index("--") if "--" in words else len(words)
    return [*words[:end], *more, *words[end:]]


def _without(words: Sequence[str], option: str, length: int) -> list[str]:
    """The words without an option that takes `length` of them, or one if its value follows a `=`."""
    kept: list[str] = []
    skipped = 0
    for word in words:
        if skipped:
            skipped -= 1
        elif word == option:
            skipped = length - 1
        elif not word.startswith(f"{option}="):
            kept.append(word)
    return kept


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
