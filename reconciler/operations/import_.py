"""From live custom domains to manifest text that would change nothing."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.files import write_atomic
from reconciler.manifest.entries import CannotAdd, Entry, entry_lines, whole_manifest, with_entries
from reconciler.manifest.hostnames import refusal_of
from reconciler.manifest.keys import resolve
from reconciler.manifest.loader import parse_documents
from reconciler.manifest.names import FALLBACK_VARIABLE, variable_for
from reconciler.manifest.sources import DEFAULT_PATH, STANDARD_INPUT, ManifestFile, read_files, shown
from reconciler.manifest.wording import shorten
from reconciler.model.conclusion import conclude
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.domains import Absent, Unreadable, domain_of
from reconciler.model.environments import DefaultKey, Environment, KeySource, Manifest
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Block
from reconciler.model.results import Failed, ImportResult, Stopped
from reconciler.operations.import_checks import (
    refuse_claimed,
    refuse_known_keys,
    refuse_listed,
    refuse_shared,
    refuse_unfit,
)
from reconciler.operations.propose import read
from reconciler.operations.workspace import INVALID, Inputs, Workspace, source_of, with_emulator_keys
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.domains import Live
    from reconciler.model.plan import Plan
    from reconciler.operations.context import Context


@dataclass(frozen=True, slots=True)
class ImportDraft:
    """What is to be imported, and the manifest that it is added to. `files` is empty where there is no manifest yet.

    The workspace selects the environments to import, which its manifest does not list. With `write` the entries are added to
    the one file of the inputs.
    """

    workspace: Workspace
    inputs: Inputs
    files: tuple[ManifestFile, ...]
    write: bool


def open_import(inputs: Inputs, names: Sequence[str], *, write: bool = False) -> ImportDraft:
    """Read the manifest and the keys of the environments to import. Raises Stopped."""
    refuse_unfit(names)
    try:
        files = _read(inputs.paths, write=write)
        manifest = parse_documents(files, trust=inputs.trust).manifest if files else Manifest(())
    except InvalidInput as error:
        raise Stopped(INVALID, diagnostics=error.diagnostics) from None
    source = source_of(manifest, inputs)
    fallback = FALLBACK_VARIABLE if len(names) == 1 else None
    selected = tuple(Environment(name, None, DefaultKey(variable_for(name), fallback)) for name in names)
    credentials, problems = resolve(selected, inputs.environ, keys_file=inputs.keys_file)
    try:
        refuse_listed(names, manifest)
        workspace = Workspace(manifest, source, selected, credentials, inputs.environ, problems)
        workspace.refuse_shared_keys()
        refuse_known_keys(credentials, manifest, inputs)
    except Stopped as stopped:
        raise Stopped(stopped.failed, source, stopped.diagnostics) from None
    return ImportDraft(with_emulator_keys(workspace), inputs, tuple(files), write)


async def import_(draft: ImportDraft, context: Context) -> ImportResult:
    """Read the environments, make their entries and prove them: the plan for them has no changes. GET requests only.

    Entries are written only if every environment can be imported. Raises Stopped.
    """
    workspace = draft.workspace
    live = await read(workspace, context, workspace.selected)
    refuse_shared(live, workspace.manifest)
    refuse_claimed(live, workspace.manifest)
    allowed_domains = workspace.manifest.allowed_domains
    entries = [
        Entry(name, domain.environment_id, domain.hostname, refused=refusal_of(domain.hostname, allowed_domains))
        for name, state in live.items()
        if (domain := domain_of(state)) is not None
    ]
    refused = {entry.name: entry for entry in entries if entry.refused is not None}
    accepted = [entry for entry in entries if entry.refused is None]
    try:
        file, imported = _proven(accepted, draft)
    except InvalidInput as error:
        raise Stopped(INVALID, diagnostics=error.diagnostics) from None
    desired = [imported.get(item.name, _as_live(item, refused)) for item in workspace.selected]
    plan = build_plan(desired, live, workspace.api_url)
    if plan.has_changes:
        raise _unproven("the plan for what was imported is not empty", plan)
    blocks = tuple(_refused(entry, written=draft.write) for entry in refused.values())
    _notify(draft, context, live, accepted)
    for block in blocks:
        context.observer.on_notice("error", block.message)
    if not draft.write:
        text = file.data.decode("utf-8") if accepted else whole_manifest([])
        comments = "".join(f"{line}\n" for line in entry_lines(list(refused.values())))
        return ImportResult(plan, text + comments if entries else None, blocks)
    result = ImportResult(plan, blocks=blocks)
    if conclude(result).exit_code is not ExitCode.OK:
        more = f": {_listed(accepted)} can be, without the others" if accepted else ""
        context.observer.on_notice(
            "error", f"nothing was written, because not every environment could be imported{more}"
        )
    else:
        _write(file, draft.files, plan)
        context.observer.on_notice("info", f"Added {_listed(entries)} to {file.path}.")
    return result


def _as_live(environment: Environment, refused: Mapping[str, Entry]) -> Environment:
    """The environment with its live hostname, which no manifest can have, so that the plan has no change for it."""
    entry = refused.get(environment.name)
    return replace(environment, hostname=entry.hostname) if entry else environment


def _refused(entry: Entry, *, written: bool) -> Block:
    message = f"a manifest cannot have the hostname of `{entry.name}`, `{shorten(entry.hostname)}`: {entry.refused}"
    return Block("hostname_refused", entry.name, message if written else f"{message}; its entry is commented out")


def _listed(entries: Sequence[Entry]) -> str:
    return ", ".join(f"`{entry.name}`" for entry in entries)


def _read(given: Sequence[str], *, write: bool) -> list[ManifestFile]:
    """What there is of the manifest. A file with nothing in it is none: `import NAME > imgwire.yaml` has just created one."""
    path = given[0] if given else DEFAULT_PATH
    if write and (len(given) > 1 or path == STANDARD_INPUT or Path(path).is_dir()):
        message, hint = "--write adds to one file", "name that file alone with -f"
        raise Stopped(Failed(ExitCode.USAGE, "usage", message, hint))
    if (write or not given) and not os.path.lexists(path):
        return []
    files, problems = read_files(given)
    if len(given) == 1 and path != STANDARD_INPUT and not os.path.lexists(path):
        problems = [replace(item, hint=f"{item.hint}; with --write the file is created") for item in problems]
    if problems:
        raise InvalidInput(tuple(problems))
    return [file for file in files if file.data.strip()]


def _proven(entries: Sequence[Entry], draft: ImportDraft) -> tuple[ManifestFile, Mapping[str, Environment]]:
    """The file as it would be, and the environments imported, as the whole manifest then reads. Raises Stopped, InvalidInput."""
    if not entries:
        return ManifestFile("", b""), {}
    file, after = _read_back(entries, draft)
    keys = {item.name: item.key for item in after.environments}
    needy = [entry for entry in entries if not _asks(keys[entry.name], _variable(entry, entries, draft.inputs.environ))]
    if needy:  # `defaults`, or other environments beside it, lead to another key than the one that was used
        entries = [
            replace(entry, variable=_variable(entry, entries, draft.inputs.environ)) if entry in needy else entry
            for entry in entries
        ]
        file, after = _read_back(entries, draft)
    names = {entry.name for entry in entries}
    others = tuple(item for item in after.environments if item.name not in names)
    if _bare(replace(after, environments=others)) != _bare(draft.workspace.manifest):
        raise _unproven(f"adding to {file.path} would change its other content")
    return file, {item.name: item for item in after.environments if item.name in names}


def _read_back(entries: Sequence[Entry], draft: ImportDraft) -> tuple[ManifestFile, Manifest]:
    if draft.write and draft.files:
        file = draft.files[0]._replace(data=_added(draft.files[0], entries))
        return file, parse_documents([file], trust=draft.inputs.trust).manifest
    path = draft.inputs.paths[0] if draft.inputs.paths and draft.write else DEFAULT_PATH
    name = shown(path) if draft.write else "<imported>"
    file = ManifestFile(name, whole_manifest(entries).encode(), str(Path(path).parent))
    return file, parse_documents([*draft.files, file], trust=draft.inputs.trust).manifest


def _added(file: ManifestFile, entries: Sequence[Entry]) -> bytes:
    try:
        return with_entries(file, entries)
    except CannotAdd as error:
        hint = "\n".join(["put this below `environments:` yourself:", *entry_lines(entries)])
        raise Stopped(Failed(ExitCode.REFUSED, "cannot_add", f"cannot add to {file.path}: {error}", hint)) from None


def _variable(entry: Entry, entries: Sequence[Entry], environ: Mapping[str, str]) -> str:
    """The variable that has the key."""
    own = variable_for(entry.name)
    alone = len(entries) == 1 and own not in environ and FALLBACK_VARIABLE in environ
    return FALLBACK_VARIABLE if alone else own


def _asks(key: KeySource, variable: str) -> bool:
    return isinstance(key, DefaultKey) and variable in (key.variable, key.fallback)


def _bare(manifest: Manifest) -> Manifest:
    """The content of the manifest, without places, and for the variable that serves only while an environment is the only one."""
    environments = []
    for item in manifest.environments:
        key = item.key
        key = replace(key, fallback=None) if isinstance(key, DefaultKey) else replace(key, span=None)
        environments.append(replace(item, span=None, key=key))
    return replace(manifest, environments=tuple(environments), files=())


def _notify(draft: ImportDraft, context: Context, live: Mapping[str, Live], entries: Sequence[Entry]) -> None:
    notice = context.observer.on_notice
    for name, state in live.items():
        match state:
            case Absent():
                notice("error", f"`{name}` has no custom domain, so there is nothing to import")
            case Unreadable(error):
                notice("error", f"`{name}` could not be read: {error.message}")
            case _:
                pass
    if not entries:
        return
    notice("info", f"Checked: the plan for {_listed(entries)} is empty.")
    for item in draft.workspace.manifest.environments:
        if isinstance(item.key, DefaultKey) and _falls_back(item.key, draft.inputs.environ):
            message = f"`{item.name}` finds its key in {item.key.fallback} only while the manifest lists no other"
            notice("warning", f"{message}: set {item.key.variable}")


def _falls_back(key: DefaultKey, environ: Mapping[str, str]) -> bool:
    return key.fallback is not None and key.fallback in environ and key.variable not in environ


def _write(file: ManifestFile, files: Sequence[ManifestFile], plan: Plan) -> None:
    now = [item.data for item in read_files([file.path])[0] if item.data.strip()]
    if now != [item.data for item in files]:
        raise _unproven(f"{file.path} was changed meanwhile", plan)
    try:
        write_atomic(file.path, file.data.decode("utf-8"))
    except OSError as error:
        why = f"could not write {file.path}: {error.strerror or error}"
        raise Stopped(Failed(ExitCode.ERROR, "not_written", why, so_far=ImportResult(plan))) from None


def _unproven(why: str, plan: Plan | None = None) -> Stopped:
    so_far = ImportResult(plan) if plan else None
    return Stopped(Failed(ExitCode.ERROR, "not_proven", f"nothing was imported: {why}", so_far=so_far))
