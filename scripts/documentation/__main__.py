"""Write the generated pages: `python scripts/documentation`. With `--check`, name those that are not current and end with 1."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from documentation import ROOT, generated  # the folder is no installed package


def main() -> int:
    """Exit code 0, or 1 with `--check` if a file differs from what the code generates now."""
    check = sys.argv[1:] == ["--check"]
    stale = 0
    for path, text in sorted(generated().items()):
        target = ROOT / path
        if target.exists() and target.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        sys.stderr.write(f"{'stale' if check else 'wrote'}: {path}\n")
        if not check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


sys.exit(main())
