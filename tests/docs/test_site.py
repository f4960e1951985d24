"""The site builds without a warning and without network, and its pages load nothing from other hosts."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if importlib.util.find_spec("material") is None:
    pytest.skip("the site is built with `pip install -e '.[docs]'`", allow_module_level=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site. A proxy that does not exist keeps the build from the network."""
    folder = tmp_path_factory.mktemp("site")
    closed = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | closed, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return folder


def test_every_page_is_in_the_navigation(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site) for path in site.rglob("*.html")} - {Path("404.html")}
    assert built == pages


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    for path in [*site.rglob("*.html"), *site.rglob("*.css")]:
        text = path.read_text(encoding="utf-8")
        loaded = re.findall(r"(?:src=|<link[^>]+href=|url\(|@import )[\"']?((?:https?:)?//[^\"')\s]+)", text)
        assert loaded == [], path.name


def test_every_link_inside_the_site_leads_to_a_place(site: Path) -> None:
    for path in site.rglob("*.html"):
        if path.name == "404.html":
            continue
        for link in re.findall(r"<a [^>]*href=\"([^\"]+)\"", path.read_text(encoding="utf-8")):
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                continue
            page = (path.parent / target).resolve() if target else path
            page = page / "index.html" if page.is_dir() else page
            assert page.exists(), f"{path.name}: {link}"
            if anchor and page.suffix == ".html":
                assert re.search(rf"(?:id|name)=\"{re.escape(anchor)}\"", page.read_text(encoding="utf-8")), link
