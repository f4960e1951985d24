"""Imports that a signal has interrupted."""

import sys


def forget_interrupted() -> None:
    """Let a package whose import was interrupted be imported again.

    Python forgets the package itself, but not its modules that were loaded already, and does not bind those to the new one.
    """
    while left := [name for name in sys.modules if (parent := name.rpartition(".")[0]) and parent not in sys.modules]:
        for name in left:
            del sys.modules[name]
