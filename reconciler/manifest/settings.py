"""The settings below `api` and `limits`, on which all files must agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest import base_url
from reconciler.manifest.codes import Code
from reconciler.manifest.limits import ManifestLimits
from reconciler.manifest.located import mapping_at
from reconciler.manifest.source_text import error
from reconciler.manifest.wording import shorten
from reconciler.model.environments import DEFAULT_MAX_INTERRUPTIONS

if TYPE_CHECKING:
    from reconciler.manifest.located import Document
    from reconciler.manifest.source_text import Location
    from reconciler.manifest.trust import Trust
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.limits import ChangeWindow


class ManifestSettings:
    """The settings of all documents. Where they differ, the first counts and a problem is reported."""

    def __init__(self, documents: list[Document], trust: Trust) -> None:
        self.problems: list[Diagnostic] = []
        self.api_url: str | None = None
        self.max_interruptions = DEFAULT_MAX_INTERRUPTIONS
        self.allowed_domains: tuple[str, ...] = ()
        self.change_windows: tuple[ChangeWindow, ...] = ()
        self._trust = trust
        self._first: dict[str, tuple[object, Location]] = {}
        for document in documents:
            self._add(document)

    @property
    def allowed_domains_at(self) -> Location | None:
        """Where `limits.allowed_domains` is set."""
        setting = self._first.get("limits.allowed_domains")
        return setting[1] if setting else None

    def _add(self, document: Document) -> None:
        api, limits = mapping_at(document.root, "api"), mapping_at(document.root, "limits")
        url, interruptions = api.get("base_url"), limits.get("max_interruptions")
        if isinstance(url, str):
            at = document.value_at(api, "base_url")
            self.api_url = self._base_url(url, at)
            if self.api_url is not None:
                self._agree("api.base_url", self.api_url, at)
        if isinstance(interruptions, int) and not isinstance(interruptions, bool):
            self.max_interruptions = interruptions
            self._agree("limits.max_interruptions", interruptions, document.value_at(limits, "max_interruptions"))
        found = ManifestLimits(document, limits)
        self.problems += found.problems
        if found.allowed_domains:
            self.allowed_domains = self.allowed_domains or found.allowed_domains
            self._agree("limits.allowed_domains", found.allowed_domains, document.value_at(limits, "allowed_domains"))
        if found.change_windows:
            self.change_windows = self.change_windows or found.change_windows
            self._agree("limits.change_windows", found.change_windows, document.value_at(limits, "change_windows"))

    def _base_url(self, text: str, at: Location) -> str | None:
        try:
            url = base_url.parse(text)
        except ValueError as failure:
            hint = "write `https://api.imgwire.dev`, or remove the line"
            self.problems.append(error(Code.WRONG_TYPE, str(failure), at, hint=hint))
            return None
        if not url.is_secure and not self._trust.allow_http:
            hint = "write `https://…`; plain `http` is for `localhost` and loopback addresses"
            self.problems.append(error(Code.INSECURE_BASE_URL, base_url.INSECURE, at, hint=hint))
        if not url.is_trusted:
            message = f"a manifest must not send API keys to `{shorten(url.host)}`"
            hint = f"if you trust this host, name it with `--api-url` or {base_url.VARIABLE}"
            self.problems.append(error(Code.UNTRUSTED_BASE_URL, message, at, hint=hint))
        return url.text

    def _agree(self, setting: str, value: object, at: Location) -> None:
        first, there = self._first.setdefault(setting, (value, at))
        if first != value:
            values = f"is `{shorten(str(value))}` here, and `{shorten(str(first))}` in another file"
            message = f"`{setting}` {'differs between files' if isinstance(value, tuple) else values}"
            hint = "set it in one file, or set the same value in each"
            related = ((there, "first set here"),)
            self.problems.append(error(Code.CONFLICTING_SETTINGS, message, at, hint=hint, related=related))
