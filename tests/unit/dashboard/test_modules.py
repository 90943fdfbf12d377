"""`streamlit run` puts the app's folder first on the path."""

import sys
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_no_module_beside_the_app_hides_another():
    names = {path.stem for path in (ROOT / "dashboard").iterdir() if not path.name.startswith(".")}
    packages = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert not (names - {"__init__", "__main__"}) & (sys.stdlib_module_names | packages)


@pytest.mark.parametrize("word", ["f'", 'f"', "%s", "format("])
def test_questions_hold_no_text_put_together(word: str):
    texts = [path.read_text() for path in (ROOT / "dashboard" / "sql").rglob("*.sql")]
    assert texts
    assert not any(word in text for text in texts)


def test_settings_of_streamlit_are_private_and_calm():
    config = (files("dashboard") / ".streamlit" / "config.toml").read_text()
    for line in ('showErrorDetails = "none"', "gatherUsageStats = false", '"127.0.0.1"'):
        assert line in config
