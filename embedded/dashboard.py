"""The dashboard beside the platform: a process of its own, which may only read the warehouse."""

import os
import secrets
import socket
import subprocess  # nosec B404 - it starts our own dashboard
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from contracts import PlatformError
from dashboard.launch import HOST, PORT, command, environment
from embedded.server import Server
from postgres import Address, connected, from_dsn, render, value
from warehouse.roles import READER

ROLE = "dashboard"
IS_THERE = "select exists (select from pg_roles where rolname = :role)"
STATEMENTS = (
    "alter role {role} login password {password}",
    "grant {readers} to {role}",
)
PATIENCE, PAUSE = 60.0, 0.2  # seconds
LOG_LINES = 5


class DashboardFailed(PlatformError):
    """The dashboard's web server does not start."""


@contextmanager
def beside(server: Server, database: str, lake: Path, folder: Path, port: int) -> Iterator[str]:
    """A dashboard of a warehouse that was migrated, for the block; its address, which answers.

    It listens on ``port``, or with 0 on the usual one if that is free, and logs to ``folder``.
    Raises DashboardFailed.
    """
    port = port or _free_port()
    reader = _reader(server, database)
    # by the environment, for everybody on the machine could read an argument
    told = environment(_dsn(reader), [str(lake)], environ=_without_secrets())
    log = folder / "dashboard.log"
    with log.open("w") as written, ExitStack() as stack:
        process = subprocess.Popen(  # nosec B603 - no shell, and no argument from outside
            command(HOST, port), stdout=written, stderr=subprocess.STDOUT, env=told
        )
        stack.callback(_stop, process)
        address = f"http://{HOST}:{port}"
        _await(process, address, log)
        yield address


def _reader(server: Server, database: str) -> Address:
    """A login of the dashboard's own, which may do what readers may; its password is new."""
    password = secrets.token_urlsafe(24)
    with connected(from_dsn(server.dsn(database)), "embedded dashboard") as connection:
        if connection.run(IS_THERE, role=ROLE) == [[False]]:
            connection.run(render("create role {role}", role=ROLE))
        for statement in STATEMENTS:
            connection.run(render(statement, role=ROLE, password=value(password), readers=READER))
    return Address(HOST, server.port, database, ROLE, password)


def _dsn(address: Address) -> str:
    return (
        f"postgresql://{address.user}:{address.password}@{address.host}:{address.port}"
        f"/{address.database}"
    )


def _without_secrets() -> dict[str, str]:
    """Our environment without what psql and the jobs would know us by."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("PG", "TOTESYS_"))}


def _free_port() -> int:
    for wanted in (PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DashboardFailed("No port is free for the dashboard.")


def _await(process: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    until = monotonic() + PATIENCE
    while process.poll() is None and monotonic() < until:
        try:
            with urlopen(f"{address}/_stcore/health", timeout=PAUSE * 10):  # nosec B310 - http, and our own
                return
        except (URLError, TimeoutError, ConnectionError):
            sleep(PAUSE)
    lines = "\n  ".join(log.read_text().strip().splitlines()[-LOG_LINES:]) or "nothing"
    raise DashboardFailed(
        f"The dashboard does not answer at {address}; choose another --dashboard-port, or start"
        f" with --no-dashboard. It said:\n  {lines}"
    )


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE / 6)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
