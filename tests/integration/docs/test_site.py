"""The documentation's site: every page is in it, and every link has a target."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
BROKEN_LINKS = ("docs/no-page.md", "docs/deploy.md#no-heading", "contracts/no-file")


def build(source: Path, site: Path, builder: str) -> subprocess.CompletedProcess[str]:
    options = ["-q", "-b", builder, "-n", "-W", "--keep-going", "-c", "docs", ".", str(site)]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options],
        cwd=source,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = build(ROOT, folder, "html")
    assert (built.returncode, built.stderr) == (0, "")
    return folder


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A checkout whose pages can be changed."""
    folder = tmp_path / "copy"
    shutil.copytree(ROOT / "docs", folder / "docs")
    for path in ROOT.glob("[!.]*"):
        if path.suffix == ".md":
            shutil.copy(path, folder)
        elif path.name not in {"docs", "build"}:
            (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_page_is_in_the_site(site: Path, page: Path):
    assert (site / page.relative_to(ROOT).with_suffix(".html")).exists()


def test_site_begins_with_the_readme(site: Path):
    assert (site / "index.html").read_text() == (site / "README.html").read_text()


def test_site_loads_nothing_from_other_sites(site: Path):
    for page in site.rglob("*.html"):
        assert not re.search(r"<(script|link|img)[^>]+(src|href)=\"(https?:)?//", page.read_text())


def test_only_pages_with_a_diagram_load_the_script_that_draws_it(site: Path):
    def scripts(page: str) -> list[str]:
        return re.findall(r"src=\"[./]*_static/(mermaid|diagrams)\.js", (site / page).read_text())

    assert scripts("README.html") == ["mermaid", "diagrams"]
    assert scripts("docs/deploy.html") == []


def test_broken_links_and_a_page_outside_the_navigation_fail_the_build(copy: Path, tmp_path: Path):
    with (copy / "README.md").open("a") as page:
        page.writelines(f"\n[link]({link})\n" for link in BROKEN_LINKS)
    (copy / "docs" / "forgotten.md").write_text("# Forgotten\n")
    built = build(copy, tmp_path / "site", "dummy")  # writes no pages
    assert built.returncode == 1
    warnings = built.stderr.splitlines()
    assert len(warnings) == len(BROKEN_LINKS) + 1
    for fault in (*(link.rpartition("#")[2] for link in BROKEN_LINKS), "forgotten.md"):
        assert [fault in warning for warning in warnings].count(True) == 1
