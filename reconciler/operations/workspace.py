"""The manifest, the selection, the keys and the address: all that is known before the network is used."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from reconciler.model.diagnostics import InvalidInput
from reconciler.model.environments import EMULATOR_API_URL, Credential, KeyFile, Secret, Source
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, Stopped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.documents.saved_plan import SavedPlan
    from reconciler.manifest.trust import Trust
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Environment, Manifest
    from reconciler.planning.base_revision import Base


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where manifests, keys and the address come from.

    `paths` are manifests, folders or `-`; none means `imgwire.yaml`. `environ` has API keys, IMGWIRE_API_BASE_URL, and the
    variables of proxies and TLS, for example `os.environ`. `keys_file` is a JSON object of keys by environment name.
    `key_variables` are variables that a manifest may name beside those that begin with IMGWIRE_; `allow_http` permits plain
    HTTP to any host.
    """

    environ: Mapping[str, str] = field(repr=False)
    paths: tuple[str, ...] = ()
    api_url: str | None = None
    keys_file: str | None = None
    key_variables: frozenset[str] = frozenset()
    allow_http: bool = False

    @property
    def trust(self) -> Trust:
        """What a manifest may ask for."""
        from reconciler.manifest.trust import Trust

        return Trust(self.key_variables, self.allow_http)


@dataclass(frozen=True, slots=True)
class Guards:
    """Which guards a run lifts, and the base revision, whose guards count too.

    `max_interruptions` None means the limit of the manifests.
    """

    unprotect: frozenset[str] = frozenset()
    max_interruptions: int | None = None
    ignore_window: bool = False
    base: Base | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a run is about. Open one with `Workspace.open`.

    `selected` are the environments of the run. `credentials` has every usable key of the manifest, also for environments
    that the selection leaves out. `environ` is that of the inputs. `diagnostics` are warnings, and problems with keys of
    selected environments.
    """

    manifest: Manifest
    source: Source
    selected: tuple[Environment, ...]
    credentials: Mapping[str, Credential] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()

    @classmethod
    def open(
        cls,
        inputs: Inputs,
        *,
        names: Sequence[str] = (),
        selectors: Sequence[str] = (),
        shard: str | None = None,
        saved: SavedPlan | None = None,
    ) -> Workspace:
        """Read and check everything local. Raises Stopped.

        `names`, `selectors` (`name=value`) and `shard` (`I/N`) narrow the run; `saved` narrows it to the environments of that
        plan, and keeps its selection for the report.
        """
        found = cls.open_without_keys(inputs, names=names, selectors=selectors, shard=shard)
        selected = found.selected
        if saved is not None:
            selected = tuple(environment for environment in selected if environment.name in saved.desired)
            of = saved.source
            source = replace(found.source, names=of.names, selectors=of.selectors, shard=of.shard)
            found = replace(found, source=source)
        credentials, problems = _keys(found.manifest, selected, inputs)
        diagnostics = (*found.diagnostics, *problems)
        workspace = replace(found, selected=selected, credentials=credentials, diagnostics=diagnostics)
        workspace.refuse_shared_keys()
        return with_emulator_keys(workspace)

    @classmethod
    def open_without_keys(
        cls, inputs: Inputs, *, names: Sequence[str] = (), selectors: Sequence[str] = (), shard: str | None = None
    ) -> Workspace:
        """The same without a key, for a run that reads no live state. Raises Stopped."""
        from reconciler.manifest.loader import load

        try:
            loaded = load(inputs.paths, trust=inputs.trust)
        except InvalidInput as error:
            raise Stopped(INVALID, diagnostics=error.diagnostics) from None
        source = source_of(loaded.manifest, inputs, names, selectors, shard)
        return cls(loaded.manifest, source, _select(loaded.manifest, source), {}, inputs.environ, loaded.warnings)

    @property
    def api_url(self) -> str:
        return self.source.api_url

    @property
    def narrowed(self) -> bool:
        """The selection, or the saved plan, leaves environments out."""
        return len(self.selected) < len(self.manifest.environments)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Paths of the files that were read: manifests and key files."""
        keys = (item.key.path for item in self.manifest.environments if isinstance(item.key, KeyFile))
        return (*(file.path for file in self.source.files), *keys)

    def refuse_shared_keys(self) -> None:
        """Raises Stopped where a selected environment has the key of another environment of the manifest."""
        shared = next((problem for problem in self.diagnostics if problem.code == "shared-key"), None)
        if shared is not None:
            raise Stopped(
                Failed(ExitCode.REFUSED, "shared_key", shared.message, shared.hint), self.source, self.diagnostics
            )


def with_emulator_keys(workspace: Workspace) -> Workspace:
    """The workspace with a made-up key for each key that is not set, if its API is the built-in emulator."""
    if workspace.api_url != EMULATOR_API_URL:
        return workspace
    missing = {problem.environment for problem in workspace.diagnostics if problem.code == "key-missing"}
    missing |= {item.name for item in workspace.manifest.environments} - {item.name for item in workspace.selected}
    made_up = {
        item.name: Credential(
            Secret(f"sk_emulator_{item.name}"), item.environment_id if item.send_environment_id else None
        )
        for item in (*workspace.manifest.environments, *workspace.selected)
        if item.name in missing and item.name not in workspace.credentials
    }
    problems = tuple(problem for problem in workspace.diagnostics if problem.code != "key-missing")
    return replace(workspace, credentials={**workspace.credentials, **made_up}, diagnostics=problems)


class Subject(Protocol):
    """What a command opens before it does anything else. `inputs` are the files that were read."""

    @property
    def source(self) -> Source | None: ...

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]: ...

    @property
    def inputs(self) -> tuple[str, ...]: ...


INVALID = Failed(ExitCode.DATA, "invalid_manifest")
"""The diagnostics of the report have the reason."""


def source_of(
    manifest: Manifest,
    inputs: Inputs,
    names: Sequence[str] = (),
    selectors: Sequence[str] = (),
    shard: str | None = None,
) -> Source:
    """The address is `api_url`, then IMGWIRE_API_BASE_URL, then `api.base_url`, then the default. Raises Stopped."""
    return Source(manifest.files, _address(manifest, inputs), tuple(names), tuple(selectors), shard)


def _address(manifest: Manifest, inputs: Inputs) -> str:
    from reconciler.manifest.base_url import InsecureUrl, choose

    if inputs.api_url == EMULATOR_API_URL:
        return EMULATOR_API_URL
    try:
        return choose(inputs.api_url, inputs.environ, manifest.api_url, allow_http=inputs.allow_http)
    except InsecureUrl as error:
        hint = "use https, or add --allow-http (insecure-base-url)"
        raise Stopped(Failed(ExitCode.USAGE, "insecure_base_url", str(error), hint)) from None
    except ValueError as error:
        raise Stopped(Failed(ExitCode.USAGE, "invalid_base_url", str(error))) from None


def _select(manifest: Manifest, source: Source) -> tuple[Environment, ...]:
    from reconciler.manifest.selection import select

    try:
        return select(manifest, source.names, source.selectors, source.shard)
    except InvalidInput as error:
        raise Stopped(INVALID, source, error.diagnostics) from None
    except ValueError as error:
        raise Stopped(Failed(ExitCode.USAGE, "usage", str(error)), source) from None


def _keys(
    manifest: Manifest, selected: Sequence[Environment], inputs: Inputs
) -> tuple[dict[str, Credential], tuple[Diagnostic, ...]]:
    """The usable keys of the whole manifest, and the problems with those of the selection."""
    from reconciler.manifest.keys import resolve

    names = {environment.name for environment in selected}
    credentials, problems = resolve(manifest.environments, inputs.environ, keys_file=inputs.keys_file)
    once: dict[object, Diagnostic] = {}
    for problem in problems:
        if problem.environment in names:  # all that share a key have one problem, reported at the first of them
            once.setdefault(problem.message if problem.code == "shared-key" else problem, problem)
    return credentials, tuple(once.values())
