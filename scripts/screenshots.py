"""Take the screenshots of the documentation: `python scripts/screenshots.py` writes PNG files to `docs/assets`.

A real run against the emulator writes the HTML report and the pull-request comment. Chromium draws them without
network. Needs `chromium` and `pip install -e '.[test]'`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from browser import CHROMIUM, Browser
from markdown_it import MarkdownIt

ASSETS = Path(__file__).parents[1] / "docs" / "assets"
_DESIRED = """\
version: 1
environments:
  production:
    hostname: images.example.com
    protect: true
    labels: {team: web}
  staging: images-staging.example.com
  qa-europe: images-qa.eu-central.example.com
  docs: images.docs.example.com
"""
_CHANGED = """\
version: 1
environments:
  staging: images-test.example.com
  qa-europe: null
"""
_COMMENT = """\
<!doctype html><meta charset="utf-8"><style>
body {{ font: 15px/1.5 -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; color: #1f2328; margin: 24px }}
main {{ max-width: 820px; border: 1px solid #d1d9e0; border-radius: 6px; padding: 8px 20px }}
code, pre {{ font: 13px/1.45 ui-monospace, Menlo, "DejaVu Sans Mono", monospace; background: #f6f8fa; border-radius: 6px }}
code {{ padding: 2px 5px }} pre {{ padding: 12px; overflow: auto }} pre code {{ padding: 0 }}
table {{ border-collapse: collapse }} td, th {{ border: 1px solid #d1d9e0; padding: 5px 12px; text-align: left }}
blockquote {{ border-left: 4px solid #cf222e; margin: 0 0 16px; padding: 2px 14px }} blockquote b {{ color: #cf222e }}
.a {{ background: #dafbe1 }} .d {{ background: #ffebe9 }} .a, .d {{ display: inline-block; width: 100% }}
</style><main>{body}</main>
"""


def main() -> None:
    """Write every picture."""
    if CHROMIUM is None:
        raise SystemExit("chromium is not installed")
    with tempfile.TemporaryDirectory() as name, Browser() as browser:
        folder = Path(name)
        _reports(folder)
        for page, picture, width, dark in (
            ("drift", "drift-desktop", 1100, False),
            ("drift", "drift-phone-dark", 390, True),
            ("plan", "plan-desktop", 1100, False),
            ("comment", "comment", 900, False),
        ):
            browser.open(folder / f"{page}.html", width, dark=dark)
            browser.shoot(ASSETS / f"{picture}.png")


def _reports(folder: Path) -> None:
    manifest = folder / "imgwire.yaml"
    manifest.write_text(_DESIRED, encoding="utf-8")
    _run(folder, "apply --emulator --auto-approve --receipt receipt.json", 0)
    manifest.write_text(_CHANGED, encoding="utf-8")
    _run(folder, "apply --emulator --auto-approve", 0)
    manifest.write_text(_DESIRED, encoding="utf-8")
    (folder / "reports").mkdir()
    for night in ("2026-11-24", "2026-11-25"):
        _run(folder, f"drift --emulator --baseline receipt.json --report json=reports/{night}.json", 2)
        _date(folder / "reports" / f"{night}.json", f"{night}T01:00:00Z")
    _run(folder, "drift --emulator --baseline receipt.json --history reports --report html=drift.html", 2)
    _run(folder, "plan --emulator --report markdown=plan.md --report html=plan.html", 0)
    (folder / "comment.html").write_text(_comment((folder / "plan.md").read_text(encoding="utf-8")), encoding="utf-8")


def _date(report: Path, moment: str) -> None:
    """Give an earlier report the time of a night."""
    document = json.loads(report.read_text(encoding="utf-8"))
    report.write_text(json.dumps({**document, "created_at": moment}), encoding="utf-8")


def _comment(markdown: str) -> str:
    """About what GitHub makes of a comment: tables, alerts and coloured `diff` blocks."""
    markdown = re.sub(r"^> \[!(\w+)\]$", lambda match: f"> **{match[1].capitalize()}**  ", markdown, flags=re.MULTILINE)
    body = MarkdownIt("gfm-like", {"linkify": False, "html": True}).disable("linkify").render(markdown)
    body = re.sub(r"^(\+.*)$", r'<span class="a">\1</span>', body, flags=re.MULTILINE)
    return _COMMENT.format(body=re.sub(r"^(-.*)$", r'<span class="d">\1</span>', body, flags=re.MULTILINE))


def _run(folder: Path, line: str, code: int) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("IMGWIRE_")}
    command = [sys.executable, "-m", "reconciler", *line.split()]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode != code:
        raise SystemExit(f"reconciler {line}: exit code {ended.returncode}\n{ended.stdout}{ended.stderr}")


if __name__ == "__main__":
    main()
