"""The dashboard's web server as a child process."""

import os
import socket
import sys
from pathlib import Path
from threading import Event, Timer
from time import monotonic
from urllib.request import urlopen

import pytest

from dashboard import child, ports
from dashboard.errors import NotStarted
from dashboard.launch import HOST, environment

ENVIRONMENT = environment("postgresql://reader@127.0.0.1:1/warehouse")


def test_server_answers_until_it_is_ended(tmp_path: Path):
    port = ports.any_free(HOST)
    with child.running(ENVIRONMENT, tmp_path / "log", port) as server:
        assert server.address.endswith(f":{port}")
        with urlopen(server.address) as response:  # nosec B310 # our own
            assert response.status == 200
        assert not server.has_ended()
        server.process.kill()
        server.process.wait()
        assert server.has_ended()


def test_port_in_use_is_reported_with_the_remedy(tmp_path: Path):
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(NotStarted, match="To fix: choose another port"),
            child.running(ENVIRONMENT, tmp_path / "log", port),
        ):
            raise AssertionError("the server was started")


def test_server_that_lost_its_port_to_another_uses_any_free_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setattr(child, "PORT", port)
        monkeypatch.setattr(child, "is_free", lambda *_: True)  # it was, a moment ago
        monkeypatch.setattr(child, "command", serve)
        with child.running(ENVIRONMENT, tmp_path / "log") as server:
            assert not server.address.endswith(f":{port}")
            assert not server.has_ended()


SERVER = """
import http.server, sys
server = http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), type("Handler", (
    http.server.BaseHTTPRequestHandler,), {"do_GET": lambda self: self.send_response(200) or
    self.end_headers()}))
print(f"http://{sys.argv[1]}:{sys.argv[2]}", flush=True)
server.serve_forever()
"""


def serve(host: str, port: int) -> list[str]:
    """Return the command of a small web server."""
    return [sys.executable, "-c", SERVER, host, str(port)]


def silent(host: str, port: int) -> list[str]:
    """Return the command of a web server that never answers."""
    return [sys.executable, "-c", "import time; time.sleep(300)"]


def test_stopping_ends_the_wait_for_a_server_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(child, "command", silent)
    stopping, begun = Event(), monotonic()
    Timer(0.3, stopping.set).start()
    with child.running(ENVIRONMENT, tmp_path / "log", stopping=stopping) as server:
        assert not server.has_ended()
    assert server.has_ended()
    assert monotonic() - begun < child.START_TIMEOUT / 3


def test_interrupt_of_the_caller_does_not_reach_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(child, "command", silent)
    stopping = Event()
    stopping.set()
    with child.running(ENVIRONMENT, tmp_path / "log", stopping=stopping) as server:
        assert os.getpgid(server.process.pid) != os.getpgrp()


def test_server_that_ends_while_it_starts_is_reported_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    failing = [sys.executable, "-c", "import sys; sys.exit('no such module')"]
    monkeypatch.setattr(child, "command", lambda *_: failing)
    with (
        pytest.raises(NotStarted, match="no such module"),
        child.running(ENVIRONMENT, tmp_path / "log"),
    ):
        raise AssertionError("the server was started")
