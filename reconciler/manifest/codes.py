"""The list of diagnostic codes. They are stable: scripts and users match them. docs/diagnostics.md documents each."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """The kind of a problem."""

    FILE_NOT_FOUND = "file-not-found"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    YAML_SYNTAX = "yaml-syntax"
    MULTIPLE_DOCUMENTS = "multiple-documents"
    DUPLICATE_KEY = "duplicate-key"
    ALIAS = "alias"
    UNKNOWN_KEY = "unknown-key"
    WRONG_TYPE = "wrong-type"
    MISSING_KEY = "missing-key"
    UNSUPPORTED_VERSION = "unsupported-version"
    NO_ENVIRONMENTS = "no-environments"
    DUPLICATE_ENVIRONMENT = "duplicate-environment"
    INVALID_ENVIRONMENT_ID = "invalid-environment-id"
    DOMAIN_NOT_ALLOWED = "domain-not-allowed"
    INLINE_API_KEY = "inline-api-key"
    INSECURE_BASE_URL = "insecure-base-url"
    UNTRUSTED_BASE_URL = "untrusted-base-url"
    FOREIGN_KEY_VARIABLE = "foreign-key-variable"
    CONFLICTING_SETTINGS = "conflicting-settings"
    INVALID_HOSTNAME = "invalid-hostname"
    APEX_HOSTNAME = "apex-hostname"
    PUBLIC_SUFFIX = "public-suffix"
    HOSTNAME_CLAIMED_TWICE = "hostname-claimed-twice"
    ENVIRONMENT_CLAIMED_TWICE = "environment-claimed-twice"
    UNKNOWN_ENVIRONMENT = "unknown-environment"
    KEY_MISSING = "key-missing"
    CLIENT_KEY = "client-key"
    QUOTED_KEY = "quoted-key"
    SHARED_KEY = "shared-key"
    # Warnings: the run continues.
    SHARED_VARIABLE = "shared-variable"
    LONG_HOSTNAME = "long-hostname"
    KEY_FILE_MODE = "key-file-mode"
    SLOW_YAML = "slow-yaml"
