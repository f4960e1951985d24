"""Everything a command has to tell, as one value that every output format is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.dns import DnsNote, Publication
    from reconciler.model.environments import SourceFile
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Applied, Finding, Record, Verified


@dataclass(frozen=True, slots=True)
class Source:
    """What the run was about: the manifest files, the API that was asked, and what narrowed the run."""

    files: tuple[SourceFile, ...]
    api_url: str
    names: tuple[str, ...] = ()
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """One run of one command. Times are RFC 3339 in UTC, with whole seconds.

    `command` is None where the command line did not name one. `plan` is None where the run ended before live was read;
    `message` and `hint` then say why in words, and `reason` in one stable word. `manifest` is text that `import` made.
    """

    command: str | None
    created_at: str
    exit_code: ExitCode
    outcome: str
    reason: str | None = None
    message: str | None = None
    hint: str | None = None
    expires_at: str | None = None
    source: Source | None = None
    plan: Plan | None = None
    digest: str | None = None
    blocks: tuple[Block, ...] = ()
    max_interruptions: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    applied: Applied | None = None
    verified: tuple[Verified, ...] = ()
    findings: tuple[Finding, ...] = ()
    records: tuple[Record, ...] = ()
    dns_notes: tuple[DnsNote, ...] = ()
    publications: tuple[Publication, ...] = ()
    manifest: str | None = None
