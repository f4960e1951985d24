"""An optional long run, guided by coverage.

`pip install atheris`, then `python tests/manifest/fuzz_atheris.py -max_total_time=600`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["reconciler", "yaml"]):
    from reconciler.manifest.loader import parse_documents
    from reconciler.manifest.sources import ManifestFile
    from reconciler.model.diagnostics import InvalidInput
    from reconciler.render.style import Style
from reconciler.render.diagnostics import render_github, render_text


def check(data: bytes) -> None:
    """Reading raises InvalidInput or nothing, and every diagnostic can be shown."""
    try:
        parse_documents([ManifestFile("a.yaml", data)])
    except InvalidInput as invalid:
        shown = render_text(invalid.diagnostics, Style(width=80)) + render_github(invalid.diagnostics)
        assert all(line.isprintable() for line in shown.split("\n"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
