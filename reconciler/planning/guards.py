"""What apply refuses, and the option that lifts each refusal."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.environments import DEFAULT_MAX_INTERRUPTIONS, DefaultKey, KeyFile, KeyVariable
from reconciler.model.limits import is_within
from reconciler.model.plan import CHANGING, Action, Block
from reconciler.planning.earlier import Earlier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.environments import Environment, Manifest
    from reconciler.model.limits import ChangeWindow
    from reconciler.model.plan import EnvironmentPlan, Plan


@dataclass(frozen=True, slots=True)
class Consent:
    """What was allowed beforehand. `allow` None means every kind of change; `earlier` is what a saved plan or an earlier
    receipt knew. `base` is the manifest of the base revision; `closed_windows` are the change windows, if none is open. `names`
    are all environments of the manifest, also those that the run leaves out."""

    unprotect: frozenset[str] = frozenset()
    max_interruptions: int = DEFAULT_MAX_INTERRUPTIONS
    allow: frozenset[Action] | None = None
    earlier: Earlier = field(default_factory=Earlier)
    believe_absent: bool = False
    ignore_window: bool = False
    base: Manifest | None = None
    closed_windows: tuple[ChangeWindow, ...] = ()
    names: frozenset[str] = frozenset()


def blocks(plan: Plan, consent: Consent, listed: tuple[EnvironmentPlan, ...] | None = None) -> tuple[Block, ...]:
    """Everything that keeps the plan from being applied, identity first, then in order of environment.

    `listed` are all environments that were read, where the plan is made for some of them only.
    """
    return (
        *_wrong_environments(plan.environments),
        *_shared_environments(plan.environments),
        *_moves_to_unreadable(plan.environments),
        *_suddenly_absent(listed or plan.environments, consent),
        *_protected(plan.environments, consent),
        *_guarded_by_base(plan.environments, consent),
        *_not_allowed(plan.environments, consent),
        *_interruptions(plan, consent),
        *outside_window(plan, consent.closed_windows),
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
    live = {item.before for item in items}
    kept = {name for name, hostname in consent.earlier.kept.items() if hostname not in live}
    known = [item for item in items if item.name in kept and not isinstance(item.live, Unreadable)]
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
        listed = ", ".join(f"`{name}`" for name in names[:5]) + (" …" if len(names) > 5 else "")
        yield Block(
            "not_allowed",
            names[0],
            f"--allow does not name {action}, which the plan needs for {listed}",
            f"--allow {','.join(sorted(needed | consent.allow))}",
        )


def _marks(environment: Environment, hostname: str | None, live_id: str | None) -> Iterator[tuple[str, str]]:
    """What an environment is recognized by, also under another name: its name, pin or live id, key, and hostname."""
    yield "name", environment.name
    yield from (("id", value) for value in (environment.environment_id, live_id) if value)
    if key := _own_key(environment):
        yield "key", key
    if hostname:
        yield "hostname", hostname


def _own_key(environment: Environment) -> str | None:
    """The source of a key that opens this environment only; None where several may share it."""
    match environment.key:
        case _ if environment.send_environment_id:
            return None
        case KeyVariable(name=variable) | DefaultKey(variable=variable):
            return f"variable:{variable}"
        case KeyFile(path=path, setting=setting):
            return setting if setting.startswith("file:") else path


def _same_place(environment: Environment, other: Environment) -> bool:
    """Both certainly open the same Environment: the same key is asked for it, from outside what a change can replace."""
    if environment.name != other.name or environment.environment_id != other.environment_id:
        return False
    match environment.key, other.key:
        case KeyFile(path=path), KeyFile(path=other_path):
            # A relative path is below the manifest, where the change itself may have put a link to another key.
            return path == other_path
        case KeyVariable(name=variable), KeyVariable(name=other_variable):
            return variable == other_variable
        case DefaultKey() as key, DefaultKey() as other_key:
            return key == other_key
        case _:
            return False


def _guarded_by_base(items: Iterable[EnvironmentPlan], consent: Consent) -> Iterator[Block]:
    """One change must not both lift a guard and use that: the protection and the allowed domains of the base count too."""
    base = consent.base
    if base is None:
        return
    protected = {
        mark: environment.name
        for environment in base.environments
        if environment.protect
        for mark in _marks(environment, environment.hostname, None)
    }
    listed = {environment.name: environment for environment in base.environments}
    unlisted = [
        environment
        for environment in base.environments
        if environment.protect and environment.environment_id is None and environment.name not in consent.names
    ]
    for item in items:
        environment = item.environment
        removed = item.action in {Action.DELETE, Action.REPLACE} and not environment.protect
        live_id = item.live.domain.environment_id if isinstance(item.live, Present) else None
        # A hostname that moves into a protected environment is not protected where it was.
        before = item.before if (old := listed.get(item.name)) is None or not _same_place(environment, old) else None
        matches = [protected[mark] for mark in _marks(environment, before, live_id) if mark in protected]
        if environment.name not in listed and not matches:
            # It may be any protected one that the manifest no longer lists, under a new name and perhaps with another key.
            matches = [old.name for old in unlisted]
        if removed and matches:
            alias = "" if matches[0] == item.name else f" as `{matches[0]}`"
            yield Block(
                "protection_lifted_in_same_change",
                item.name,
                f"`{item.name}` is protected in the base revision{alias}, and the plan would {item.action}"
                f" `{item.before}`: merge the change that lifts the protection first",
            )
        hostname = environment.hostname
        arrives = item.action in {Action.CREATE, Action.REPLACE} and hostname is not None
        if arrives and base.allowed_domains and not is_within(str(hostname), base.allowed_domains):
            yield Block(
                "domain_not_allowed_in_base",
                item.name,
                f"`{hostname}` is not below an allowed domain of the base revision:"
                " merge the change of `limits.allowed_domains` first",
            )


def outside_window(plan: Plan, closed: Sequence[ChangeWindow]) -> tuple[Block, ...]:
    """What blocks a plan with interruptions while the change windows are closed."""
    if not plan.interruptions or not closed:
        return ()
    message = f"the plan interrupts serving hostnames outside the change windows ({list_windows(closed)})"
    return (Block("outside_change_window", None, message, "--ignore-window"),)


def list_windows(windows: Sequence[ChangeWindow]) -> str:
    """The first three."""
    return "; ".join(str(window) for window in windows[:3]) + (" …" if len(windows) > 3 else "")


def _interruptions(plan: Plan, consent: Consent) -> Iterator[Block]:
    count = len(plan.interruptions)
    if count > consent.max_interruptions:
        yield Block(
            "too_many_interruptions",
            None,
            f"the plan interrupts {count} serving hostname{'s' * (count > 1)},"
            f" more than the limit of {consent.max_interruptions}",
            f"--max-interruptions {count}",
        )
