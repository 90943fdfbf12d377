"""The repository cites only documents that it contains, and links on its pages have a target."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = re.compile(r"\b([\w-]+\.md)\b")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[\w-]+)?\)")
INVENTED = {"forgotten.md", "no-page.md", "written.md"}  # tests write them elsewhere
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def test_cited_pages_exist():
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    files = [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    known = {path.name for path in files if path.suffix == ".md"} | INVENTED
    missing = [
        f"{path.relative_to(ROOT)}: {page}"
        for path in files
        for page in PAGE.findall(path.read_text(encoding="utf-8", errors="replace"))
        if page not in known
    ]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_links_exist(page: Path):
    text = re.sub("```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []
