"""The dashboard's web server as a child process."""

import socket
from pathlib import Path
from urllib.request import urlopen

import pytest

from dashboard import child
from dashboard.errors import NotStarted
from dashboard.launch import HOST, environment

NOWHERE = environment("postgresql://reader@127.0.0.1:1/warehouse")


def test_server_answers_during_the_block(tmp_path: Path):
    with (
        child.running(NOWHERE, tmp_path / "log") as address,
        urlopen(address) as answer,  # nosec B310 # our own
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
