"""`python -m reconciler` is `reconciler`."""

import os
import sys

if __name__ == "__main__":
    # Python puts the working folder first, so a `yaml.py` in a repository would run here. Only modules that are loaded
    # already may be imported before this: even `__future__` would come from there.
    if not sys.flags.safe_path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib is not loaded yet
        del sys.path[0]

    from reconciler.cli.main import main

    main()
