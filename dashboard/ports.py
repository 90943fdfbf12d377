"""Ports that the web server can listen at."""

import errno
import socket
from argparse import ArgumentTypeError

from dashboard.errors import NotStarted

LARGEST = 65_535


def port(text: str) -> int:
    """A port as the command line has it. Raises ArgumentTypeError."""
    # a text with digits alone: int would take '1_0' and ' 1' too
    if text.isdecimal() and 1 <= int(text) <= LARGEST:
        return int(text)
    raise ArgumentTypeError(f"{text!r} is no port; ports go from 1 to {LARGEST}")


def port_or_any(text: str) -> int:
    """The same, and 0 where any will do. Raises ArgumentTypeError."""
    return 0 if text == "0" else port(text)


def ensure_free(host: str, port: int) -> None:
    """Raises NotStarted where nothing can listen at the port, as somebody else does already."""
    try:
        listen_briefly(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise NotStarted(f"Port {port} is taken; name another with --port.") from None
        raise NotStarted(
            f"The dashboard cannot listen at {host}:{port}: {error.strerror}. Name an address of"
            " this machine with --host, and a port that you may use with --port."
        ) from None


def listen_briefly(host: str, port: int) -> None:
    """Take a port and give it back. Raises OSError."""
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    )
    with socket.socket(family, kind, protocol) as probe:
        # connections that were closed a moment ago take no port
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
