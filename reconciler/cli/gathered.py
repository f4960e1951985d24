"""Options of a command that belong together, handed to it as one value."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def gathered(name: str, build: Callable[..., object], *options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Give a command these options. It gets what `build` makes of their values as the argument `name`.

    `build` takes the values by name. A decorator above this one may have made some of them.
    """
    parameters = inspect.signature(build).parameters

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def call(**given: Any) -> Any:
            values = {parameter: given.pop(parameter) for parameter in parameters if parameter in given}
            return function(**given, **{name: build(**values)})

        for add in reversed(options):
            call = add(call)
        return call

    return decorate
