"""The configuration of the documentation's site, which has the same pages as GitHub.

Its root is the root of the repository, so that every link between pages works in both places:

    sphinx-build -c docs . build/site
"""

import os
import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "totesys warehouse"
author = f"the {project} authors"
extensions = ["myst_parser", "sphinx_copybutton"]
root_doc = "README"
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/**.md"]
exclude_patterns = [".*", "build", "terraform", "tests"]  # not searched at all
nitpicky = True  # with -W a broken link fails the build

myst_heading_anchors = 4  # the same as on GitHub
myst_fence_as_directive = ["mermaid"]
myst_links_external_new_tab = False

html_theme = "furo"
html_title = project
html_static_path = ["_static", str(files("mmdc") / "assets" / "mermaid.js")]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False

linkcheck_anchors_ignore_for_url = ["https://github.com/"]  # created in the browser

CONTENTS: dict[str, list[str]] = {
    "Use it": [
        "docs/dashboard",
        "docs/analysts",
        "docs/questions",
        "docs/data-dictionary",
        "docs/athena",
        "docs/quicksight",
    ],
    "Run it": [
        "docs/first-day",
        "docs/deploy",
        "docs/runbook/README",
        "docs/operations",
        "docs/upgrade",
        "docs/change-contracts",
        "docs/compatibility",
        "docs/scale",
        "docs/costs",
    ],
    "Rely on it": ["docs/guarantees", "docs/glossary", "docs/privacy"],
    "Work on it": ["CONTRIBUTING", "docs/performance/README", "docs/adr/README", "CHANGELOG"],
}
"""The navigation: its parts and their pages. A page that is in no part fails the build."""

FOLDERS = {f"docs/{name}/README": f"docs/{name}" for name in ("runbook", "adr", "performance")}
"""Index pages of folders; the other pages of the folder are listed below them."""

REPOSITORY = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/tree/{GITHUB_SHA}/"
"""The address of files that are not pages, on a run of GitHub Actions."""


class Mermaid(Directive):
    """A Mermaid diagram, which the browser draws."""

    has_content = True
    optional_arguments = 1  # fences on GitHub have none

    def run(self) -> list[nodes.Node]:
        diagram = nodes.container(classes=["mermaid"])
        diagram += nodes.Text("\n".join(self.content))
        return [diagram]


def add_contents(_: Sphinx, page: str, source: list[str]) -> None:
    """Add the navigation, which GitHub would show as text."""
    if page == root_doc:
        for part, pages in CONTENTS.items():
            source[0] += _toctree(pages, f":caption: {part}")
    elif page in FOLDERS:
        inside = sorted((ROOT / FOLDERS[page]).glob("[!R]*.md"))
        source[0] += _toctree([f"/{file.relative_to(ROOT).with_suffix('')}" for file in inside])


def _toctree(pages: list[str], *options: str) -> str:
    lines = "\n".join([":hidden:", *options, "", *pages])
    return f"\n\n```{{toctree}}\n{lines}\n```\n"


def link_files(app: Sphinx, tree: nodes.document) -> None:
    """Link files that are not pages to the repository, or show only their names outside of
    GitHub Actions."""
    page = Path(app.env.doc2path(app.env.docname)).parent
    for node in [*tree.findall(addnodes.download_reference), *tree.findall(addnodes.pending_xref)]:
        path = Path(os.path.normpath(page / node["reftarget"]))
        if path.suffix != ".md" and path.exists() and path.is_relative_to(ROOT):
            node.replace_self(_file(str(path.relative_to(ROOT)), node))


def _file(path: str, node: nodes.Element) -> nodes.Element:
    if "GITHUB_SHA" not in os.environ:
        return nodes.inline("", "", *node.children)
    url = REPOSITORY.format_map(os.environ) + path
    return nodes.reference("", "", *node.children, refuri=url)


def add_mermaid(app: Sphinx, *page: Any) -> None:
    """Load the script that draws diagrams, 2.7 MB, on pages with a diagram."""
    tree = page[-1]
    if tree and any("mermaid" in node["classes"] for node in tree.findall(nodes.container)):
        app.add_js_file("mermaid.js")
        app.add_js_file("diagrams.js")


def add_index(app: Sphinx, failure: Exception | None) -> None:
    """Write index.html, a copy of the README."""
    if not failure and app.builder.name == "html":
        shutil.copyfile(app.outdir / "README.html", app.outdir / "index.html")


def setup(app: Sphinx) -> None:
    """Register the functions of this module with Sphinx."""
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", add_contents)
    app.connect("doctree-read", link_files, priority=100)  # before downloads are collected
    app.connect("html-page-context", add_mermaid)
    app.connect("build-finished", add_index)
