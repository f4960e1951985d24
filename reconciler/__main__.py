"""`python -m reconciler` is `reconciler`: the entry of the process."""

import os
import sys


def main() -> None:
    """Run the command line. Signals are handled before anything slow is imported."""
    import atexit
    import gc

    from reconciler.cli.signals import signals

    signals.listen()
    atexit.register(gc.freeze)  # Python would search all modules for garbage before it exits: a sixth of a short run
    try:
        from reconciler.cli.main import main as run
    except KeyboardInterrupt:
        sys.exit(int(signals.first or 130))
    run()


if __name__ == "__main__":
    # Python puts the working folder first, so a `yaml.py` in a repository would run here. Only modules that are loaded
    # already may be imported before this: even `__future__` would come from there.
    if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib is not loaded yet
        del sys.path[0]
    main()
