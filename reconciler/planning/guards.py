"""What apply refuses, and the option that lifts each refusal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.documents.earlier import Earlier
from reconciler.model.domains import Absent, Present, Unreadable, domain_of
from reconciler.model.environments import DEFAULT_MAX_INTERRUPTIONS
from reconciler.model.limits import DAYS
from reconciler.model.listing import first_of
from reconciler.model.plan import CHANGING, Action, Block
from reconciler.planning.base_revision import guarded_by_base

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from reconciler.model.limits import ChangeWindow
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.planning.base_revision import Base


@dataclass(frozen=True, slots=True)
class Consent:
    """What was allowed beforehand. `allow` None means every kind of change; `earlier` is what a saved plan or an earlier
    receipt knew. `base` is the base revision; `closed_windows` are the change windows, if none is open,
    and `next_opening` is when one opens, in its time zone, if that is known."""

    unprotect: frozenset[str] = frozenset()
    max_interruptions: int = DEFAULT_MAX_INTERRUPTIONS
    allow: frozenset[Action] | None = None
    earlier: Earlier = field(default_factory=Earlier)
    believe_absent: bool = False
    ignore_window: bool = False
    base: Base | None = None
    closed_windows: tuple[ChangeWindow, ...] = ()
    next_opening: datetime | None = None


def blocks(plan: Plan, consent: Consent, listed: tuple[EnvironmentPlan, ...] | None = None) -> tuple[Block, ...]:
    """Everything that keeps the plan from being applied, identity first, then in order of environment.

    `listed` are all environments that were read, where the plan is made for some of them only.
    """
    return (
        *_wrong_environments(plan.environments),
        *_shared_environments(plan.environments),
        *_live_twice(listed or plan.environments),
        *_moves_to_unreadable(plan.environments),
        *_suddenly_absent(listed or plan.environments, consent),
        *_protected(plan.environments, consent),
        *(guarded_by_base(plan, consent.base, consent.unprotect) if consent.base else ()),
        *_not_allowed(plan.environments, consent),
        *_interruptions(plan, consent),
        *outside_window(plan, consent.closed_windows, consent.next_opening),
    )


def cut_moves(plan: Plan, others: Mapping[str, tuple[str | None, str | None]]) -> tuple[Block, ...]:
    """Moves of which a selection includes only one side. `others` maps each environment left out to its (desired, live)
    hostnames; a live hostname that is not known is None."""
    targets = {desired: name for name, (desired, _) in others.items() if desired}
    sources = {live: name for name, (_, live) in others.items() if live}
    cut: list[Block] = []
    for item in plan.environments:
        if item.action in {Action.DELETE, Action.REPLACE} and item.before in targets:
            cut.append(_split_move(item.name, str(item.before), item.name, targets[item.before]))
        if item.action in {Action.CREATE, Action.REPLACE} and item.environment.hostname in sources:
            hostname = item.environment.hostname
            cut.append(_split_move(item.name, hostname, sources[hostname], item.name))
    return tuple(cut)


def _split_move(environment: str, hostname: str, source: str, target: str) -> Block:
    left_out = target if environment == source else source
    return Block(
        "selection_cuts_move",
        environment,
        f"`{hostname}` moves from `{source}` to `{target}`, and the selection leaves `{left_out}` out",
        f"--env {left_out}",
    )


def _wrong_environments(items: Iterable[EnvironmentPlan]) -> Iterator[Block]:
    for item in items:
        pin = item.environment.environment_id
        if pin and isinstance(item.live, Present) and item.live.domain.environment_id != pin:
            yield Block(
                "wrong_environment",
                item.name,
                f"the key of `{item.name}` opens Environment {item.live.domain.environment_id}, but the manifest pins {pin}",
            )


def _shared_environments(items: Iterable[EnvironmentPlan]) -> Iterator[Block]:
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for item in items:
        if isinstance(item.live, Present):
            owners[item.live.domain.environment_id].append(item.name)
    for environment_id, names in owners.items():
        if len(names) > 1:
            listed = ", ".join(f"`{name}`" for name in names)
            yield Block(
                "environment_shared",
                names[0],
                f"the keys of {listed} open the same Environment, {environment_id}",
            )


def _live_twice(items: Iterable[EnvironmentPlan]) -> Iterator[Block]:
    """A hostname is in one Environment at a time. Where two show it, it has moved between the reads, or one lags: the domain
    that is about to be deleted may be the one that serves."""
    found: defaultdict[str, list[EnvironmentPlan]] = defaultdict(list)
    for item in items:
        if item.before is not None:
            found[item.before].append(item)
    for hostname, shown in found.items():
        ids = {domain.environment_id for item in shown if (domain := domain_of(item.live))}
        if len(ids) > 1 and any(item.action in {Action.DELETE, Action.REPLACE} for item in shown):
            listed = ", ".join(f"`{item.name}`" for item in shown)
            yield Block("hostname_live_twice", shown[0].name, f"`{hostname}` is live in {listed} at once")


def _moves_to_unreadable(items: Iterable[EnvironmentPlan]) -> Iterator[Block]:
    targets = {item.environment.hostname: item.name for item in items if isinstance(item.live, Unreadable)}
    for item in items:
        if item.action in {Action.DELETE, Action.REPLACE} and item.before in targets:
            target = targets[item.before]
            yield Block(
                "move_target_unreadable",
                item.name,
                f"`{item.before}` moves from `{item.name}` to `{target}`, which could not be read",
            )


def _suddenly_absent(items: tuple[EnvironmentPlan, ...], consent: Consent) -> Iterator[Block]:
    """All custom domains that were live before are absent, without the plan or the receipt that knew them being the reason."""
    live, kept = {item.before for item in items}, consent.earlier.kept
    known = [
        item
        for item in items
        if item.name in kept
        and not isinstance(item.live, Unreadable)
        and (item.before is not None or kept[item.name] not in live)  # or it has moved
    ]
    if len(known) > 1 and all(isinstance(item.live, Absent) for item in known) and not consent.believe_absent:
        yield Block(
            "all_absent",
            None,
            f"all {len(known)} known custom domains are reported absent; a wrong URL or wrong keys would look the same",
            "--believe-absent",
        )


def _protected(items: Iterable[EnvironmentPlan], consent: Consent) -> Iterator[Block]:
    for item in items:
        if (
            item.environment.protect
            and item.action in {Action.DELETE, Action.REPLACE}
            and item.name not in consent.unprotect
        ):
            yield Block(
                "protected",
                item.name,
                f"`{item.name}` is protected, and the plan would {item.action} its custom domain `{item.before}`",
                f"--unprotect {item.name}",
            )


def _not_allowed(items: Iterable[EnvironmentPlan], consent: Consent) -> Iterator[Block]:
    if consent.allow is None:
        return
    needed = {item.action for item in items if item.action in CHANGING}
    for action in sorted(needed - consent.allow):
        names = [item.name for item in items if item.action is action]
        listed = first_of(f"`{name}`" for name in names)
        yield Block(
            "not_allowed",
            names[0],
            f"--allow does not name {action}, which the plan needs for {listed}",
            f"--allow {','.join(sorted(needed | consent.allow))}",
        )


def outside_window(
    plan: Plan, closed: Sequence[ChangeWindow], next_opening: datetime | None = None
) -> tuple[Block, ...]:
    """What blocks a plan with interruptions while the change windows are closed."""
    if not plan.interruptions or not closed:
        return ()
    message = f"the plan interrupts serving hostnames outside the change windows ({list_windows(closed)})"
    wait = None
    if next_opening is not None:
        opening = f"{DAYS[next_opening.weekday()]} {next_opening:%Y-%m-%d %H:%M} {next_opening.tzinfo}"
        wait = f"wait until {opening}, when a change window opens"
    return (Block("outside_change_window", None, message, "--ignore-window", wait),)


def list_windows(windows: Sequence[ChangeWindow]) -> str:
    """The first three."""
    return first_of(windows, 3, "; ")


def _interruptions(plan: Plan, consent: Consent) -> Iterator[Block]:
    count = len(plan.interruptions)
    if count > consent.max_interruptions:
        of_base = consent.base is not None and consent.base.manifest.max_interruptions == consent.max_interruptions
        whose = " of the base revision" if of_base else ""
        yield Block(
            "too_many_interruptions",
            None,
            f"the plan interrupts {count} serving hostname{'s' * (count > 1)},"
            f" more than the limit of {consent.max_interruptions}{whose}",
            f"--max-interruptions {count}",
            "select fewer environments with `--env`: the limit applies to each run"
            if consent.max_interruptions
            else None,
        )
