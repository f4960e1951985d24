"""What must not be imported: names that are taken, and keys that open what another entry opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.expectations import NAME_HINT
from reconciler.manifest.fast_schema import NAME
from reconciler.manifest.keys import resolve
from reconciler.manifest.wording import shorten
from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.domains import domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, Stopped
from reconciler.operations.workspace import INVALID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.domains import Live
    from reconciler.model.environments import Credential, Environment, Manifest
    from reconciler.operations.workspace import Inputs


def refuse_unfit(names: Iterable[str]) -> None:
    """Raises Stopped for what cannot be the name of an environment."""
    for name in names:
        if not NAME.fullmatch(name):
            raise _stopped(
                ExitCode.USAGE,
                "usage",
                f"`{shorten(name)}` is not a valid name of an environment",
                NAME_HINT,
            )


def refuse_listed(names: Iterable[str], manifest: Manifest) -> None:
    """Raises Stopped for a name that the manifest lists already."""
    listed = {environment.name: environment.span for environment in manifest.environments}
    for name in names:
        if name in listed:
            span = listed[name]
            place = f", at {span.file}:{span.line}:{span.column}" if span else ""
            raise _stopped(
                ExitCode.REFUSED,
                "already_listed",
                f"`{name}` is in the manifest already{place}",
                f"leave it out; `reconciler plan --env {name}` shows how live differs from the manifest",
            )


def refuse_claimed(live: Mapping[str, Live], manifest: Manifest) -> None:
    """Raises Stopped for live hostnames that other environments of the manifest desire."""
    owners = {item.hostname: item for item in manifest.environments if item.hostname}
    problems = [
        _claimed(name, owner)
        for name, state in live.items()
        if (domain := domain_of(state)) is not None and (owner := owners.get(domain.hostname)) is not None
    ]
    if problems:
        raise Stopped(INVALID, diagnostics=tuple(problems))


def _claimed(name: str, owner: Environment) -> Diagnostic:
    message = f"`{owner.name}` already has the hostname `{owner.hostname}`, which is live in `{name}`"
    hint = (
        f"to keep it in `{name}`, write `null` as the hostname of `{owner.name}`, then import again; "
        f"to move it, add `{name}` yourself, with the hostname that it gets instead"
    )
    return Diagnostic(Severity.ERROR, Code.HOSTNAME_CLAIMED_TWICE, message, hint, owner.span, environment=owner.name)


def refuse_known_keys(credentials: Mapping[str, Credential], manifest: Manifest, inputs: Inputs) -> None:
    """Raises Stopped for a key that an environment of the manifest has already."""
    known, _ = resolve(manifest.environments, inputs.environ, keys_file=inputs.keys_file)
    owners = {credential.key: name for name, credential in known.items()}
    for name, credential in credentials.items():
        if credential.key in owners:
            raise _stopped(
                ExitCode.REFUSED,
                "shared_key",
                f"`{name}` has the same key as `{owners[credential.key]}`, which the manifest lists already",
                "a key opens one Environment: give this one its own",
            )


def refuse_shared(live: Mapping[str, Live], manifest: Manifest) -> None:
    """Raises Stopped where two names open one and the same Environment."""
    owners = {item.environment_id: item.name for item in manifest.environments if item.environment_id}
    for name, state in live.items():
        domain = domain_of(state)
        if domain is not None and (other := owners.setdefault(domain.environment_id, name)) != name:
            raise _stopped(
                ExitCode.REFUSED,
                "environment_shared",
                f"`{other}` and `{name}` are one and the same Environment, {domain.environment_id}",
                "one Imgwire Environment is one entry: leave one of the two out",
            )


def _stopped(code: ExitCode, reason: str, message: str, hint: str) -> Stopped:
    return Stopped(Failed(code, reason, message, hint))
