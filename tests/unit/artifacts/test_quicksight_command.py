"""`python -m artifacts.quicksight`: what it teaches."""

import pytest

from artifacts.quicksight.__main__ import main


def test_help_shows_an_example(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("sys.argv", ["quicksight", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    told = capsys.readouterr().out
    assert "examples:\n" in told
    assert "  python -m artifacts.quicksight postgresql://" in told
