"""Progress on a terminal while a command runs."""

import io
import logging

import pytest
from rich.console import Console

from embedded.progress import ProgressFormatter, finish_progress
from embedded.spinner import SpinnerHandler


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=60)


def output(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_terminal_shows_the_latest_message_and_keeps_warnings(
    screen: Console, monkeypatch: pytest.MonkeyPatch
):
    handler = SpinnerHandler(screen)
    handler.setFormatter(ProgressFormatter())
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.info("batch built", extra={"seq": 17, "rows": {"fact": 3, "none": 0}})
    logger.warning("rows beyond [the] horizon")
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    finish_progress()
    finish_progress()
    assert "batch built  seq=17  rows={fact: 3}" in output(screen)
    assert "rows beyond [the] horizon" in output(screen)
