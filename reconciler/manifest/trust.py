"""What the command line lets a manifest do beyond the defaults. A manifest cannot extend it: a pull request may change one."""

from __future__ import annotations

from dataclasses import dataclass

KEY_VARIABLE_PREFIX = "IMGWIRE_"


@dataclass(frozen=True, slots=True)
class Trust:
    """`key_variables` are names from `--allow-key-variable`; `allow_http` is `--allow-http`."""

    key_variables: frozenset[str] = frozenset()
    allow_http: bool = False

    def allows_key_variable(self, name: str) -> bool:
        return name.startswith(KEY_VARIABLE_PREFIX) or name in self.key_variables


NO_TRUST = Trust()
