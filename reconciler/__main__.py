"""`python -m reconciler` is `reconciler`: the entry of the process."""

import os
import sys


def main() -> None:
    """Run the command line. Signals are handled before anything slow is imported."""
    import atexit
    import gc

    from reconciler.cli.signals import signals
    from reconciler.imports import forget_interrupted
    from reconciler.program import PROGRAM

    PROGRAM.is_own = True
    signals.listen()
    complain = sys.unraisablehook  # a signal that a callback swallows is noticed later
    sys.unraisablehook = lambda what: None if what.exc_type is KeyboardInterrupt else complain(what)
    atexit.register(gc.freeze)  # Python would search all modules for garbage before it exits: a sixth of a short run
    try:
        _run()
    except (Exception, KeyboardInterrupt):
        # A signal in the middle of an import, which can come out as any error. The second time ends in the document at once.
        if signals.first is None:
            raise
        forget_interrupted()
        _run()


def _run() -> None:
    from reconciler.cli.main import main as run
    from reconciler.cli.signals import signals

    run(first=signals.first)


if __name__ == "__main__":
    # Python puts the working folder first, so a `yaml.py` in a repository would run here. Only modules that are loaded
    # already may be imported before this: even `__future__` would come from there.
    if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib is not loaded yet
        del sys.path[0]
    main()
