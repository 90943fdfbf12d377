"""PgBouncer in front of a test's server, on a free port of this machine."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from dashboard.ports import any_free
from postgres import Address

START_TIMEOUT = 20.0  # seconds
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

needs_pgbouncer = pytest.mark.skipif(
    PROGRAM is None, reason="pgbouncer is not installed (apt-get install pgbouncer)"
)


@contextmanager
def pgbouncer(behind: Address, **settings: str) -> Iterator[Address]:
    """Run PgBouncer in transaction mode for the block. The value is its address."""
    folder = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    port = any_free("127.0.0.1")
    _write(folder, behind, {"listen_port": str(port), **settings})
    log = (folder / "stdout").open("wb")
    process = subprocess.Popen(
        [str(PROGRAM), str(folder / "pgbouncer.ini")], stdout=log, stderr=log
    )
    try:
        _wait_for(port, process, folder / "stdout")
        yield replace(behind, host="127.0.0.1", port=port)
    finally:
        process.kill()
        process.wait()
        log.close()
        shutil.rmtree(folder)


def _write(folder: Path, behind: Address, settings: dict[str, str]) -> None:
    user = {"user": "nobody"} if os.geteuid() == 0 else {}  # it refuses to run as root
    defaults = {
        "listen_addr": "127.0.0.1",
        "unix_socket_dir": "",
        "auth_type": "scram-sha-256",
        "auth_file": str(folder / "users"),
        "pool_mode": "transaction",
        "default_pool_size": "5",
        "log_connections": "0",
    }
    lines = (f"{name} = {value}" for name, value in {**defaults, **user, **settings}.items())
    databases = f"[databases]\n* = host={behind.host} port={behind.port}\n"
    (folder / "pgbouncer.ini").write_text(f"{databases}[pgbouncer]\n" + "\n".join(lines) + "\n")
    (folder / "users").write_text(f'"{behind.user}" "{behind.password}"\n')
    if user:
        nobody = pwd.getpwnam("nobody")
        for path in (folder, *folder.iterdir()):
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up = time.monotonic() + START_TIMEOUT
    while time.monotonic() < give_up and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"PgBouncer did not start: {log.read_text(errors='replace')}")
