import socket

import pytest

from dashboard import launch
from dashboard.launch import HOST
from embedded import usage

DSN = "postgresql://analyst@localhost:5432/warehouse"


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing takes the place of the tests' process."""
    monkeypatch.setattr("os.execve", lambda *_: pytest.fail("it started"))


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "0", "http"])
def test_number_that_is_no_port_is_wrong_usage(port: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        launch.main(["--warehouse", DSN, "--port", port])
    assert ended.value.code == 2
    assert "from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["99999", "-1", "http"])
def test_port_of_the_dashboard_beside_the_platform_is_looked_at_too(
    port: str, capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as ended:
        usage.parser().parse_args(["up", "--dashboard-port", port])
    assert ended.value.code == 2
    assert "from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_ports_are_taken_as_they_are_and_0_is_any(port: int):
    assert usage.parser().parse_args(["up", "--dashboard-port", str(port)]).dashboard_port == port


@pytest.mark.parametrize("host", [HOST, "localhost", "0.0.0.0"])  # nosec B104 # never listened at
def test_port_that_is_taken_is_told_before_any_address(
    host: str, capsys: pytest.CaptureFixture[str]
):
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert launch.main(["--warehouse", DSN, "--host", host, "--port", str(port)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"dashboard: Port {port} is taken; name another with --port.\n"


def test_host_that_is_not_here_is_told(
    capsys: pytest.CaptureFixture[str],
):
    assert launch.main(["--warehouse", DSN, "--host", "192.0.2.1"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "cannot listen at 192.0.2.1:8501" in told.err
    assert "--host" in told.err
