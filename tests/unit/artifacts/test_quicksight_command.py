"""`python -m artifacts.quicksight`: its help."""

import pytest

from artifacts.quicksight.__main__ import main


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    output = capsys.readouterr().out
    assert "examples:\n" in output
    assert "  python -m embedded.server python -m artifacts.quicksight\n" in output
