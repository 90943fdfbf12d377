"""Rules for the files of the dashboard."""

import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import contracts

ROOT = Path(__file__).parents[3]
DASHBOARD = ROOT / "dashboard"
QUERIES = [*DASHBOARD.rglob("*.sql"), *(ROOT / "totesys" / "dashboard").rglob("*.sql")]


def test_no_module_beside_the_app_hides_another():
    # `streamlit run` puts the folder of the app first on the path.
    names = {path.stem for path in DASHBOARD.iterdir() if not path.name.startswith(".")}
    packages = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert not (names - {"__init__", "__main__"}) & (sys.stdlib_module_names | packages)


@pytest.mark.parametrize("formatted", ["f'", 'f"', "%s", "format("])
def test_queries_do_not_format_text(formatted: str):
    assert QUERIES
    assert not [path.name for path in QUERIES if formatted in path.read_text()]


@pytest.mark.parametrize(
    "path",
    [path for path in DASHBOARD.rglob("*") if path.suffix in {".py", ".sql"}],
    ids=lambda path: str(path.relative_to(DASHBOARD)),
)
def test_generic_pages_do_not_name_a_table_of_the_project(path: Path):
    tables = {*contracts.warehouse().tables, *contracts.source().tables}
    # Tables whose name is one English word cannot be distinguished from text.
    names = {re.escape(name) for name in tables if "_" in name}
    assert names
    assert not re.findall("|".join(names), path.read_text())


def test_streamlit_is_private():
    config = (files("dashboard") / ".streamlit" / "config.toml").read_text()
    for line in ('showErrorDetails = "none"', "gatherUsageStats = false", '"127.0.0.1"'):
        assert line in config


def test_no_folder_has_the_name_that_streamlit_reads_pages_from():
    """Beside the app, it makes the first visitor of a page's URL see "Page not found"."""
    assert not (ROOT / "dashboard" / "pages").exists()
