"""From live custom domains to manifest text that would change nothing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.failure import Failure
from reconciler.cli.import_refusals import refuse_known_keys, refuse_listed, refuse_shared, refuse_unfit
from reconciler.files import write_atomic
from reconciler.manifest import parse_documents
from reconciler.manifest.entries import CannotAdd, Entry, entry_lines, whole_manifest, with_entries
from reconciler.manifest.names import FALLBACK_VARIABLE, variable_for
from reconciler.manifest.sources import DEFAULT_PATH, STANDARD_INPUT, ManifestFile, read_files, shown
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.document import Source
from reconciler.model.domains import Absent, Unreadable, domain_of
from reconciler.model.environments import DefaultKey, Environment, KeySource, Manifest
from reconciler.model.exit_codes import ExitCode, worst
from reconciler.planning.outcome import of_reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.cli.session import Session
    from reconciler.model.document import Document
    from reconciler.model.domains import Live
    from reconciler.model.plan import Plan


def import_environments(session: Session, names: Sequence[str], *, write: bool) -> Document:
    """Read the environments, make their entries and prove them; write them if asked to and no environment is missing.

    Raises Failure, InvalidInput.
    """
    refuse_unfit(names)
    files = _read(session.options.files, write=write)
    manifest = parse_documents(files, trust=session.trust).manifest if files else Manifest(())
    session.source = Source(manifest.files, session.api_url(manifest))
    refuse_listed(names, manifest)
    fallback = FALLBACK_VARIABLE if len(names) == 1 else None
    wishes = [Environment(name, None, DefaultKey(variable_for(name), fallback)) for name in names]
    live = _live(session, wishes, manifest)
    entries = [
        Entry(name, domain.environment_id, domain.hostname)
        for name, state in live.items()
        if (domain := domain_of(state)) is not None
    ]
    made, imported = _proven(entries, files, manifest, session, write=write)
    plan = session.plan([imported.get(wish.name, wish) for wish in wishes], live)
    if plan.has_changes:
        raise _unproven("the plan for what was imported is not empty", plan)
    _tell(session, live)
    code = worst([of_reading(plan), *(ExitCode.ERROR for state in live.values() if isinstance(state, Absent))])
    reason = "in_sync" if code is ExitCode.OK else "nothing_to_import" if code is ExitCode.ERROR else "unreadable"
    listed = ", ".join(f"`{entry.name}`" for entry in entries)
    if entries:
        session.log.say("info", f"Proven: the plan for {listed} is empty.")
        _warn_of_fallback(session, manifest)
    if not write:
        return session.document(code, reason, plan=plan, manifest=made.data.decode("utf-8") if entries else None)
    if code is not ExitCode.OK:
        session.log.say("error", "nothing was written, because not every environment could be imported")
    else:
        _write(made, files, plan)
        session.log.say("info", f"Added {listed} to {made.path}.")
    return session.document(code, reason, plan=plan)


def _read(given: Sequence[str], *, write: bool) -> list[ManifestFile]:
    """What there is of the manifest. A file with nothing in it is none: `import NAME > imgwire.yaml` has just made one."""
    path = given[0] if given else DEFAULT_PATH
    if write and (len(given) > 1 or path == STANDARD_INPUT or Path(path).is_dir()):
        raise Failure(ExitCode.USAGE, "usage", "--write adds to one file", "name that file alone with -f")
    if (write or not given) and not os.path.lexists(path):
        return []
    files, problems = read_files(given)
    if problems:
        raise InvalidInput(tuple(problems))
    return [file for file in files if file.data.strip()]


def _live(session: Session, wishes: Sequence[Environment], manifest: Manifest) -> dict[str, Live]:
    from reconciler.api.backend import Access

    credentials = session.credentials(wishes)
    refuse_known_keys(credentials, manifest, session.options.keys_file)
    live = session.read(wishes, session.backend(wishes, credentials, Access.READ))
    refuse_shared(live, manifest)
    return live


def _proven(
    entries: Sequence[Entry], files: Sequence[ManifestFile], manifest: Manifest, session: Session, *, write: bool
) -> tuple[ManifestFile, Mapping[str, Environment]]:
    """The file as it would be, and the environments imported, as the whole manifest then reads. Raises Failure, InvalidInput."""
    if not entries:
        return ManifestFile("", b""), {}
    made, after = _read_back(entries, files, session, write=write)
    keys = {item.name: item.key for item in after.environments}
    needy = [entry for entry in entries if not _asks(keys[entry.name], _variable(entry, entries))]
    if needy:  # `defaults`, or other environments beside it, lead to another key than the one that was used
        entries = [replace(entry, variable=_variable(entry, entries)) if entry in needy else entry for entry in entries]
        made, after = _read_back(entries, files, session, write=write)
    names = {entry.name for entry in entries}
    others = tuple(item for item in after.environments if item.name not in names)
    if _bare(replace(after, environments=others)) != _bare(manifest):
        raise _unproven(f"adding to {made.path} would change what else it says")
    return made, {item.name: item for item in after.environments if item.name in names}


def _read_back(
    entries: Sequence[Entry], files: Sequence[ManifestFile], session: Session, *, write: bool
) -> tuple[ManifestFile, Manifest]:
    given = session.options.files
    if write and files:
        made = files[0]._replace(data=_added(files[0], entries))
        read = [made]
    else:
        path = given[0] if given and write else DEFAULT_PATH
        made = ManifestFile(
            shown(path) if write else "<imported>", whole_manifest(entries).encode(), str(Path(path).parent)
        )
        read = [*files, made]
    return made, parse_documents(read, trust=session.trust).manifest


def _added(file: ManifestFile, entries: Sequence[Entry]) -> bytes:
    try:
        return with_entries(file, entries)
    except CannotAdd as error:
        raise Failure(
            ExitCode.REFUSED,
            "cannot_add",
            f"cannot add to {file.path}: {error}",
            "\n".join(["put this below `environments:` yourself:", *entry_lines(entries)]),
        ) from None


def _variable(entry: Entry, entries: Sequence[Entry]) -> str:
    """The variable that the key was found in."""
    own = variable_for(entry.name)
    alone = len(entries) == 1 and own not in os.environ and FALLBACK_VARIABLE in os.environ
    return FALLBACK_VARIABLE if alone else own


def _asks(key: KeySource, variable: str) -> bool:
    return isinstance(key, DefaultKey) and variable in (key.variable, key.fallback)


def _bare(manifest: Manifest) -> Manifest:
    """What the manifest says, but for places, and for the variable that serves only while an environment is the only one."""
    environments = []
    for item in manifest.environments:
        key = item.key
        key = replace(key, fallback=None) if isinstance(key, DefaultKey) else replace(key, span=None)
        environments.append(replace(item, span=None, key=key))
    return replace(manifest, environments=tuple(environments), files=())


def _warn_of_fallback(session: Session, manifest: Manifest) -> None:
    for item in manifest.environments:
        key = item.key
        if (
            isinstance(key, DefaultKey)
            and key.fallback
            and key.fallback in os.environ
            and key.variable not in os.environ
        ):
            words = f"`{item.name}` finds its key in {key.fallback} only while the manifest lists no other: set {key.variable}"
            session.log.say("warning", words)


def _tell(session: Session, live: Mapping[str, Live]) -> None:
    for name, state in live.items():
        match state:
            case Absent():
                session.log.say("error", f"`{name}` has no custom domain, so there is nothing to import")
            case Unreadable(error):
                session.log.say("error", f"`{name}` could not be read: {error.message}")
            case _:
                pass


def _write(made: ManifestFile, files: Sequence[ManifestFile], plan: Plan) -> None:
    now = [file.data for file in read_files([made.path])[0] if file.data.strip()]
    if now != [file.data for file in files]:
        raise _unproven(f"{made.path} was changed meanwhile", plan)
    try:
        write_atomic(made.path, made.data.decode("utf-8"))
    except OSError as error:
        why = f"could not write {made.path}: {error.strerror or error}"
        raise Failure(ExitCode.ERROR, "not_written", why, plan=plan) from None


def _unproven(why: str, plan: Plan | None = None) -> Failure:
    return Failure(ExitCode.ERROR, "not_proven", f"nothing was imported: {why}", plan=plan)
