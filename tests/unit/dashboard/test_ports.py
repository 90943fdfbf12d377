import os
import socket

import pytest

from dashboard import launch, ports
from dashboard.launch import HOST
from embedded import usage

DSN = "postgresql://analyst@localhost:5432/warehouse"


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if the launcher would replace the process of the tests."""
    monkeypatch.setattr("os.execve", lambda *_: pytest.fail("the server was started"))


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "0", "http"])
def test_invalid_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as exit_:
        launch.main(["--warehouse", DSN, "--port", port])
    assert exit_.value.code == 2
    assert "from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_port_of_the_platform_s_dashboard_is_validated_too(
    port: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as exit_:
        usage.parser().parse_args(["up", "--dashboard-port", port])
    assert exit_.value.code == 2
    assert "from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_valid_ports_are_accepted_and_0_stands_for_any(port: int):
    assert usage.parser().parse_args(["up", "--dashboard-port", str(port)]).dashboard_port == port


@pytest.mark.parametrize("host", [HOST, "localhost", "0.0.0.0"])  # nosec B104 # never listened on
def test_port_in_use_is_reported_before_any_address(host: str, capsys: pytest.CaptureFixture[str]):
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
        assert launch.main(["--warehouse", DSN, "--host", host, "--port", str(port)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.startswith(
        f"dashboard: Port {port} is already in use by process {os.getpid()}"
    )
    assert output.err.endswith("To fix: choose another port with --port.\n")


def test_host_of_another_machine_is_reported(capsys: pytest.CaptureFixture[str]):
    assert launch.main(["--warehouse", DSN, "--host", "192.0.2.1"]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "cannot listen on 192.0.2.1:8501" in output.err
    assert "--host" in output.err


def test_free_port_is_one_that_the_system_gives_to_no_other_program(
    monkeypatch: pytest.MonkeyPatch,
):
    """A server that keeps its port finds it free at its next start."""
    assert {ports.any_free(HOST) for _ in range(50)} <= {*ports.UNASSIGNED}
    monkeypatch.setattr(ports, "is_free", lambda *_: False)
    assert ports.any_free(HOST), "the system gives one if all of those are taken"
