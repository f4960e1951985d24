"""Take the screenshots of the documentation: `python scripts/screenshots.py` writes PNG files to `docs/assets`.

A real run against the emulator writes the HTML report and the pull-request comment. Chromium draws them without
network. Needs `chromium` and `pip install -e '.[test]'`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

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
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]
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
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _reports(folder)
        _shoot(folder / "drift.html", ASSETS / "drift-desktop.png", 1100, 980)
        _shoot(folder / "drift.html", ASSETS / "drift-phone-dark.png", 500, 1100, dark=True)
        _shoot(folder / "plan.html", ASSETS / "plan-desktop.png", 1100, 1000)
        _shoot(folder / "comment.html", ASSETS / "comment.png", 900, 420)


def _reports(folder: Path) -> None:
    manifest = folder / "imgwire.yaml"
    manifest.write_text(_DESIRED, encoding="utf-8")
    _run(folder, "apply --emulator --auto-approve --receipt receipt.json", 0)
    manifest.write_text(_CHANGED, encoding="utf-8")
    _run(folder, "apply --emulator --auto-approve", 0)
    manifest.write_text(_DESIRED, encoding="utf-8")
    _run(folder, "drift --emulator --baseline receipt.json --report html=drift.html", 2)
    _run(folder, "plan --emulator --report markdown=plan.md --report html=plan.html", 0)
    (folder / "comment.html").write_text(_comment((folder / "plan.md").read_text(encoding="utf-8")), encoding="utf-8")


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


def _shoot(page: Path, target: Path, width: int, height: int, *, dark: bool = False) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("chromium is not installed")
    with tempfile.TemporaryDirectory() as profile:
        scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
        command = [chromium, *_FLAGS, *scheme, f"--user-data-dir={profile}", f"--window-size={width},{height}"]
        subprocess.run(
            [*command, f"--screenshot={target}", page.as_uri()], capture_output=True, check=True, timeout=120
        )


if __name__ == "__main__":
    main()
