"""The embedded PostgreSQL server. Tests that the shared server cannot serve start another one."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from dashboard import ports
from embedded.server import Server, ServerFailed, cluster, running
from postgres import QueryFailed, Refused, Unreachable, connect, connected, from_dsn
from tests.conftest import UNSAFE_AND_FAST

PROJECT = Path(__file__).parents[4]


@pytest.fixture
def server(server: Server) -> Server:
    """Return the server as programs use it: with a session for each statement."""
    return Server(server.port, server.password, server.cluster)


@pytest.fixture
def directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="totesys-server-"))
    yield directory
    shutil.rmtree(directory)


def query(dsn: str, statement: str) -> object:
    with connected(from_dsn(dsn), "test") as connection:
        return connection.run(statement)[0][0]


def is_running(dsn: str) -> bool:
    try:
        connect(from_dsn(dsn), "test").close()
    except Unreachable:
        return False
    return True


def test_server_listens_only_on_the_loopback_address(server: Server) -> None:
    assert query(server.dsn(), "show listen_addresses") == "127.0.0.1"
    assert query(server.dsn(), "show unix_socket_directories") == ""


def test_server_refuses_a_connection_without_its_password(server: Server) -> None:
    with pytest.raises(Refused):
        connect(from_dsn(server.dsn().replace(server.password, "guess")), "test")


def test_password_does_not_show_when_a_server_is_printed(server: Server) -> None:
    assert server.password not in repr(server)


def test_database_is_a_copy_of_its_template_and_can_be_dropped_while_in_use(server: Server) -> None:
    server.create_database("a template")
    with connected(from_dsn(server.dsn("a template")), "test") as connection:
        connection.run("create table here (n integer)")
    server.create_database('a "copy"', "a template")
    in_use = connect(from_dsn(server.dsn('a "copy"')), "test")
    assert in_use.run("select count(*) from here") == [[0]]
    server.drop_database('a "copy"')
    server.drop_database("a template")
    server.drop_database("a template")
    with pytest.raises(Refused):
        connect(from_dsn(server.dsn('a "copy"')), "test")


def test_database_that_exists_is_not_created_again(server: Server) -> None:
    with pytest.raises(QueryFailed, match="already exists"):
        server.create_database("postgres")


def test_data_and_password_outlive_the_server(directory: Path) -> None:
    with running(directory, UNSAFE_AND_FAST) as first:
        first.create_database("kept")
    assert not is_running(first.dsn())
    with running(directory, UNSAFE_AND_FAST) as second:
        assert second.password == first.password
        assert query(second.dsn("kept"), "select 1") == 1


def test_default_settings_keep_data_safe(directory: Path) -> None:
    with running(directory) as server:
        assert query(server.dsn(), "show fsync") == "on"
        assert query(server.dsn(), "show synchronous_commit") == "on"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, ValueError])
def test_server_stops_when_its_block_fails(
    directory: Path, interruption: type[BaseException]
) -> None:
    with pytest.raises(interruption), running(directory, UNSAFE_AND_FAST) as server:
        raise interruption
    assert not is_running(server.dsn())


def test_server_of_a_killed_process_is_stopped_by_the_next_one(directory: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from embedded.server import running\n"
        "with running(Path(sys.argv[1]), {'fsync': 'off'}) as server:\n"
        "    print(server.dsn(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(directory)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    abandoned = killed.stdout.strip()
    assert is_running(abandoned)
    abandoned_process = (directory / "data" / "postmaster.pid").read_text().split()[0]
    with running(directory, UNSAFE_AND_FAST) as server:
        assert query(server.dsn(), "select 1") == 1
        assert server.dsn() == abandoned, "saved connections stay valid"
        assert (directory / "data" / "postmaster.pid").read_text().split()[0] != abandoned_process


def test_process_with_the_id_of_a_dead_server_is_not_stopped(
    directory: Path,
) -> None:
    with running(directory, UNSAFE_AND_FAST):
        pass
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (directory / "data" / "postmaster.pid").write_text(f"{other.pid}\n")
        # PostgreSQL refuses to start if the process belongs to its own user
        with suppress(ServerFailed), running(directory, UNSAFE_AND_FAST):
            pass
        assert other.poll() is None
        other.communicate(b"\n")
    assert other.returncode == 0


def test_second_process_on_a_directory_is_refused(directory: Path) -> None:
    with (
        running(directory, UNSAFE_AND_FAST) as server,
        pytest.raises(ServerFailed, match=r"Another process \(\d+\) runs .* choose another"),
        running(directory, UNSAFE_AND_FAST),
    ):
        pass
    assert not is_running(server.dsn())


def test_another_port_is_used_if_the_first_is_taken_meanwhile(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = ports.any_free
    with socket.create_server(("127.0.0.1", 0)) as taken:
        calls = count()
        port = taken.getsockname()[1]
        monkeypatch.setattr(
            cluster, "any_free", lambda host: port if next(calls) < 2 else free(host)
        )
        with running(directory, UNSAFE_AND_FAST) as server:
            assert query(server.dsn(), "select 1") == 1
            assert next(calls) == 3


def test_ports_that_are_all_taken_end_in_an_error(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(cluster, "any_free", lambda _: taken.getsockname()[1])
        with (
            pytest.raises(ServerFailed, match=cluster.PORT_TAKEN),
            running(directory, UNSAFE_AND_FAST),
        ):
            pass


def test_server_that_does_not_start_shows_its_log_and_a_remedy(directory: Path) -> None:
    with (
        pytest.raises(ServerFailed, match=r"(?s)does not start.*shared_buffers.*move .* away"),
        running(directory, {"shared_buffers": "it's much"}),
    ):
        pass


def test_failed_set_up_shows_the_reason_and_the_next_one_succeeds(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "")
    with (
        pytest.raises(ServerFailed, match=r"(?s)cannot be set up.*password"),
        running(directory, UNSAFE_AND_FAST),
    ):
        pass
    monkeypatch.undo()
    with running(directory, UNSAFE_AND_FAST) as server:
        assert query(server.dsn(), "select 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_folders_of_root_can_be_traversed_but_not_listed(directory: Path) -> None:
    closed = directory / "closed"
    closed.mkdir(mode=stat.S_IRWXU)
    with running(closed / "server", UNSAFE_AND_FAST) as server:
        assert query(server.dsn(), "select 1") == 1
    assert stat.S_IMODE(closed.stat().st_mode) == stat.S_IRWXU | stat.S_IXOTH


def test_password_and_data_are_readable_only_by_the_owner(directory: Path) -> None:
    with running(directory, UNSAFE_AND_FAST):
        assert stat.S_IMODE((directory / "password").stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
        assert stat.S_IMODE((directory / "data").stat().st_mode) == stat.S_IRWXU


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_user_that_cannot_be_created_is_an_error_with_a_remedy(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SYSTEM_USER", "not a name")
    with pytest.raises(ServerFailed, match="run this as a normal user"), running(directory):
        pass


def test_package_without_its_programs_is_an_error_with_a_remedy(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "files", lambda _: None)
    with pytest.raises(ServerFailed, match="install it again"), running(directory):
        pass


def test_package_installed_with_a_strict_umask_becomes_readable_only(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir(mode=0o750)
    (package / "program").touch(mode=0o750)
    (package / "library").touch(mode=0o640)
    cluster._let_read(package)
    modes = [path.stat().st_mode & 0o7 for path in (package, *sorted(package.iterdir()))]
    assert modes == [0o5, 0o4, 0o5]
