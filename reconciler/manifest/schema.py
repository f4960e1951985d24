"""Explains with jsonschema what the plain tests of `fast_schema` refuse: one cause, one message."""

from __future__ import annotations

import json
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from reconciler.manifest.codes import Code
from reconciler.manifest.expectations import (
    EXAMPLE_WINDOW,
    EXPECTED,
    NAME_HINT,
    Path,
    environment_of,
    expected,
    intended_key,
    known_keys,
)
from reconciler.manifest.fast_schema import ENVIRONMENT_KEYS, environment_fits, head_fits
from reconciler.manifest.indentation import misplaced_keys
from reconciler.manifest.located import Document, LocatedList, LocatedMapping
from reconciler.manifest.names import FALLBACK_VARIABLE, variable_for
from reconciler.manifest.scalars import EMPTY, REPORTED, AmbiguousScalar
from reconciler.manifest.source_text import MAX_PROBLEMS, Location, error
from reconciler.manifest.wording import describe, shorten
from reconciler.schema_files import read_schema

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

    from reconciler.model.diagnostics import Diagnostic


def check_shape(document: Document) -> list[Diagnostic]:
    """Where this document does not match the schema. jsonschema is loaded only if it does not."""
    root = document.root
    if root is REPORTED:
        return []
    if root is EMPTY:
        hint = "`reconciler init` writes a manifest to start from"
        return [error(Code.NO_ENVIRONMENTS, "the file is empty", document.at(document.root_position), hint=hint)]
    suspect: object = root
    if isinstance(root, LocatedMapping) and isinstance(root.get("environments"), LocatedMapping):
        refused = LocatedMapping()
        refused.update(
            (name, value) for name, value in root["environments"].items() if not environment_fits(name, value)
        )
        if not refused and head_fits(root):
            return []
        refused.positions = root["environments"].positions
        suspect = LocatedMapping()
        suspect.update(root)
        suspect["environments"] = refused
        suspect.positions = root.positions
    elif head_fits(root):
        return []
    return _ShapeChecker(document).check(suspect)


@cache
def validator() -> Draft202012Validator:
    """The validator of the manifest schema."""
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(read_schema("manifest")))


class _ShapeChecker:
    """Turns the errors of one document into diagnostics."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._diagnostics: list[Diagnostic] = []
        self._reported: set[Path] = set()
        """Paths that need no more diagnostics, with all below them."""
        self._incomplete: set[Path] = set()
        """Change windows whose missing keys are reported."""

    def check(self, root: object) -> list[Diagnostic]:
        for misplaced in misplaced_keys(self._document):
            self._diagnostics.append(misplaced.diagnostic)
            self._reported |= misplaced.explained
        for failure in sorted(islice(validator().iter_errors(root), MAX_PROBLEMS), key=_weight):
            path = tuple(str(part) for part in failure.absolute_path)
            if failure.instance is REPORTED or any(path[:depth] in self._reported for depth in range(len(path) + 1)):
                continue
            match failure.validator:
                case "additionalProperties":
                    self._unknown_keys(path, failure.instance)
                case "required":
                    self._missing(path, failure.instance)
                case _ if "propertyNames" in failure.absolute_schema_path:
                    self._bad_name(path, failure.instance)
                case _:
                    self._reported.add(path)
                    self._bad_value(path, failure)
        return self._diagnostics

    def _unknown_keys(self, path: Path, entries: LocatedMapping) -> None:
        known = known_keys(path)
        for key in entries:
            if key in known or (*path, key) in self._reported:
                continue
            if len(self._diagnostics) > MAX_PROBLEMS:
                return
            owner = _owner(path)
            message = f"`{shorten(key)}` is not a key of {owner}"
            suggestion = intended_key(key, known)
            if key in ENVIRONMENT_KEYS and path == ("defaults",):
                hint = "write it in each environment"
            elif key in ENVIRONMENT_KEYS and not path:
                hint = "indent it below the name of an environment, below `environments:`"
            elif suggestion and suggestion not in entries:
                hint = f"did you mean `{suggestion}`?"
            else:
                hint = f"known keys: {', '.join(f'`{name}`' for name in known)}"
            self._add_diagnostic(
                Code.UNKNOWN_KEY, message, self._key(path, key), hint, environment=environment_of(path)
            )

    def _missing(self, path: Path, entries: LocatedMapping) -> None:
        if path[:1] == ("limits",):
            self._missing_in_window(path, entries)
            return
        known = known_keys(path)
        missing = "hostname" if path else "version"
        if any(key not in known and intended_key(key, known) == missing for key in entries):
            return  # misspelt, and reported as an unknown key
        if path:
            hint = "write `hostname: images.example.com`, or `hostname: null` for no custom domain"
            message = f"`{shorten(path[-1])}` has no `hostname`"
            self._add_diagnostic(Code.MISSING_KEY, message, self._key(path[:-1], path[-1]), hint, environment=path[-1])
        else:
            at = self._document.at(self._document.root_position)
            self._add_diagnostic(Code.MISSING_KEY, "the manifest has no `version`", at, "write `version: 1` at the top")

    def _missing_in_window(self, path: Path, window: LocatedMapping) -> None:
        if path in self._incomplete:
            return
        self._incomplete.add(path)
        known = known_keys(path)
        misspelt = {intended_key(key, known) for key in window if key not in known}  # reported as unknown keys
        missing = {key: text for key, text in EXAMPLE_WINDOW.items() if key not in window and key not in misspelt}
        if missing:
            message = f"the change window has no {' and no '.join(f'`{key}`' for key in missing)}"
            hint = f"add {' and '.join(f'`{key}: {text}`' for key, text in missing.items())}"
            self._add_diagnostic(Code.MISSING_KEY, message, self._value(path), hint)

    def _bad_name(self, path: Path, name: str) -> None:
        if (*path, name) in self._reported:
            return
        self._reported.add((*path, name))
        if path[-1] == "labels":
            message = f"`{shorten(name)}` is not a valid name of a label"
            hint = "use at most 128 letters, digits, `.`, `_`, `/` and `-`, and begin with a letter or digit"
        else:
            message = f"`{shorten(name)}` is not a valid name of an environment"
            hint = NAME_HINT
        self._add_diagnostic(Code.WRONG_TYPE, message, self._key(path, name), hint, environment=environment_of(path))

    def _bad_value(self, path: Path, failure: ValidationError) -> None:
        """The value at this path has the wrong type, or is not one of the allowed values."""
        key, value = (path[-1] if path else ""), cast("Any", failure.instance)
        at = self._value(path)
        environment = environment_of(path)
        if (
            key == "api_key"
            and isinstance(value, str | int | AmbiguousScalar)
            and not isinstance(value, bool)
            and value is not EMPTY
        ):
            self._add_inline_key(at, environment)
        elif key in {"env", "file", "dir"} and failure.validator != "type":
            if value.startswith(("sk_", "ck_")):
                self._add_inline_key(at, environment)
            else:
                message, hint = f"this is not {EXPECTED[key][0]}", EXPECTED[key][1]
                self._add_diagnostic(Code.WRONG_TYPE, message, at, hint, environment=environment)
        elif failure.validator == "minProperties":
            message = "`api_key` names no source"
            self._add_diagnostic(Code.MISSING_KEY, message, at, EXPECTED["api_key"][1], environment=environment)
        elif failure.validator == "maxProperties":
            sources = sorted(value.keys() & {"env", "file", "dir"}, key=lambda name: value.positions[name][0])
            if len(sources) > 1:
                first, second = sources[:2]
                related = ((self._key(path, first), "the other source"),)
                message, hint = f"`api_key` has both `{first}` and `{second}`", "keep one of the two"
                self._add_diagnostic(
                    Code.CONFLICTING_SETTINGS, message, self._key(path, second), hint, related, environment
                )
        elif key == "environment_id" and failure.validator != "type":
            message = f"`{shorten(value)}` is not a UUID"
            hint = EXPECTED["environment_id"][1]
            self._add_diagnostic(Code.INVALID_ENVIRONMENT_ID, message, at, hint, environment=environment)
        elif path == ("version",) and failure.validator == "const":
            hint = "write `version: 1`, or use a newer imgwire-reconciler"
            self._add_diagnostic(Code.UNSUPPORTED_VERSION, f"version {value} is not supported", at, hint)
        elif path == ("environments",) and (value is EMPTY or value is None):
            hint = EXPECTED["environments"][1]
            self._add_diagnostic(Code.NO_ENVIRONMENTS, "`environments` is empty", self._key((), "environments"), hint)
        else:
            self._add_wrong_type(path, failure, at)

    def _add_inline_key(self, at: Location, environment: str | None) -> None:
        variable = variable_for(environment) if environment else FALLBACK_VARIABLE
        hint = f"write `{{env: {variable}}}`, and put the key in that variable; revoke the key if it is real"
        message = "an API key must not be in a manifest"
        self._add_diagnostic(Code.INLINE_API_KEY, message, at, hint, environment=environment)

    def _add_wrong_type(self, path: Path, failure: ValidationError, at: Location) -> None:
        value = failure.instance
        is_item = bool(path) and isinstance(self._document.find(path[:-1]), LocatedList)
        must_be, hint = expected(path, value)
        shown = (
            f"each entry of `{shorten(path[-2])}`" if is_item else f"`{shorten(path[-1])}`" if path else "the manifest"
        )
        if value is EMPTY and is_item:
            message = f"{shown} must be {must_be}, and this one is empty"
        elif value is EMPTY:
            message, at = f"{shown} is empty: it must be {must_be}", self._key(path[:-1], path[-1])
        elif failure.validator in {"minItems", "maxItems"}:
            count = failure.validator_value
            limits = "is empty" if failure.validator == "minItems" else f"has more than {count} entries"
            message = f"{shown} {limits}"
        elif failure.validator in {"pattern", "enum"} and isinstance(value, str):
            message = f"{shown} must be {must_be}, not `{shorten(value)}`"
        elif failure.validator == "maxLength":
            message = f"{shown} is longer than {failure.validator_value} characters"
        elif failure.validator == "minimum":
            message = f"{shown} must be {must_be}"
        else:
            found = (
                f"`{shorten(value.text)}`"
                if path == ("version",) and isinstance(value, AmbiguousScalar)
                else describe(value)
            )
            message = f"{shown} must be {must_be}, not {found}"
        self._add_diagnostic(Code.WRONG_TYPE, message, at, hint, environment=environment_of(path))

    def _key(self, path: Path, key: str) -> Location:
        return self._document.key_at(self._document.find(path), key)

    def _value(self, path: Path) -> Location:
        if not path:
            return self._document.at(self._document.root_position)
        return self._document.value_at(self._document.find(path[:-1]), path[-1])

    def _add_diagnostic(
        self,
        code: Code,
        message: str,
        at: Location,
        hint: str,
        related: tuple[tuple[Location, str], ...] = (),
        environment: str | None = None,
    ) -> None:
        self._diagnostics.append(error(code, message, at, hint=hint, related=related, environment=environment))


def _owner(path: Path) -> str:
    """The name of the mapping at this path in a message."""
    match path:
        case ():
            return "the manifest"
        case ("limits", "change_windows", _):
            return "a change window"
        case _:
            return f"`{shorten(path[-1])}`"


def _weight(failure: ValidationError) -> tuple[bool, bool]:
    """Wrong types come first: they explain the other errors of the same value."""
    return (failure.validator != "type", failure.validator == "maxProperties")
