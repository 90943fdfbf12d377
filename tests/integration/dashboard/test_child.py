"""The dashboard's web server as a child process."""

import os
import socket
import sys
from pathlib import Path
from threading import Event, Timer
from time import monotonic
from urllib.request import urlopen

import pytest

from dashboard import child
from dashboard.errors import NotStarted
from dashboard.launch import HOST, environment

NOWHERE = environment("postgresql://reader@127.0.0.1:1/warehouse")


def test_server_answers_during_the_block(tmp_path: Path):
    with (
        child.running(NOWHERE, tmp_path / "log") as started,
        urlopen(started.address) as answer,  # nosec B310 # our own
    ):
        assert answer.status == 200


def test_port_that_is_taken_is_told_with_the_remedy(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(NotStarted, match="is taken"),
            child.running(NOWHERE, tmp_path / "log", port),
        ):
            raise AssertionError("it started")


def silent(host: str, port: int) -> list[str]:
    """A web server that never answers."""
    return [sys.executable, "-c", "import time; time.sleep(300)"]


def test_nobody_waits_for_it_once_its_caller_is_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(child, "command", silent)
    stopping, begun = Event(), monotonic()
    Timer(0.3, stopping.set).start()
    with child.running(NOWHERE, tmp_path / "log", stopping=stopping) as started:
        assert not started.has_ended()
    assert started.has_ended()
    assert monotonic() - begun < child.PATIENCE / 3


def test_interrupt_of_its_caller_does_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(child, "command", silent)
    stopping = Event()
    stopping.set()
    with child.running(NOWHERE, tmp_path / "log", stopping=stopping) as started:
        assert os.getpgid(started.process.pid) != os.getpgrp()


def test_server_that_was_ended_is_noticed(tmp_path: Path):
    with child.running(NOWHERE, tmp_path / "log") as started:
        assert not started.has_ended()
        started.process.kill()
        started.process.wait()
        assert started.has_ended()
