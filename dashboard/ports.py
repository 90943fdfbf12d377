"""Checks of the port that the web server listens on."""

import errno
import socket
from argparse import ArgumentTypeError
from random import SystemRandom

import psutil

from dashboard.errors import NotStarted

LARGEST = 65_535
UNASSIGNED = range(20_000, 32_768)
"""Ports below those that Linux gives to connections and to programs that ask for any. Source: the
default of net.ipv4.ip_local_port_range."""

ATTEMPTS = 100


def port(text: str) -> int:
    """Return a port from the command line. Raises ArgumentTypeError."""
    # Digits only: int() accepts '1_0' and ' 1' too.
    if text.isdecimal() and 1 <= int(text) <= LARGEST:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is not a port; ports are numbers from 1 to {LARGEST}")


def port_or_any(text: str) -> int:
    """Return a port from the command line, or 0 for any free port. Raises ArgumentTypeError."""
    return 0 if text == "0" else port(text)


def is_free(host: str, port: int) -> bool:
    """Return whether a server can listen on the port."""
    try:
        _listen_briefly(host, port)
    except OSError:
        return False
    return True


def user(port: int) -> str:
    """Return `` by process 123 (name)`` for the process that listens on a port of this machine, ''
    if it is not known: the system shows other users' processes only to an administrator."""
    try:
        for connection in psutil.net_connections("tcp"):
            is_listening = connection.status == psutil.CONN_LISTEN
            if is_listening and connection.laddr[1:] == (port,) and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return ""


def any_free(host: str) -> int:
    """Return a free port, one of UNASSIGNED if possible: no other program gets it by chance before
    the server listens, or before its next start."""
    for port in SystemRandom().sample(UNASSIGNED, ATTEMPTS):
        if is_free(host, port):
            return port
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def require_free(host: str, port: int) -> None:
    """Raise NotStarted unless a server can listen on the port."""
    try:
        _listen_briefly(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise NotStarted(
                f"Port {port} is already in use{user(port)}. To fix: choose another port with"
                " --port."
            ) from None
        raise NotStarted(
            f"The dashboard cannot listen on {host}:{port}: {error.strerror}. To fix: choose an"
            " address of this machine with --host, and a port that you may use with --port."
        ) from None


def _listen_briefly(host: str, port: int) -> None:
    """Bind to the port and release it. Raises OSError."""
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )
    with socket.socket(family, kind, protocol) as probe:
        # Connections that were closed recently do not occupy the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
