"""TLS before a PostgreSQL server that speaks none, so that it seems to be on another machine."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import cast

import pytest

from postgres import from_dsn
from tests.certificates import Authority

SSL_REQUEST_BYTES = 8
HOST = socket.gethostname()
"""A name of this machine that does not say that it is this machine."""


class _Front(ThreadingTCPServer):
    daemon_threads = True
    context: ssl.SSLContext
    behind: tuple[str, int]


class _Caller(BaseRequestHandler):
    def handle(self) -> None:
        front = cast(_Front, self.server)
        self.request.recv(SSL_REQUEST_BYTES)
        self.request.sendall(b"S")
        with (
            suppress(OSError),  # a caller that does not trust us hangs up
            front.context.wrap_socket(self.request, server_side=True) as client,
            socket.create_connection(front.behind) as server,
        ):
            answers = threading.Thread(target=_copy, args=(server, client))
            answers.start()
            _copy(client, server)
            answers.join(10)


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while heard := source.recv(1 << 16):
            sink.sendall(heard)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def elsewhere(dsn: str, folder: Path) -> Iterator[str]:
    """The DSN of the same database as if on another machine, which ``ca.pem`` in ``folder``
    vouches for. The test is skipped where this machine does not know itself by its name."""
    address = from_dsn(dsn)
    authority = Authority()
    authority.write(folder / "ca.pem")
    try:
        front = _Front((HOST, 0), _Caller)
    except OSError as refusal:
        pytest.skip(f"this machine does not know itself as {HOST}: {refusal}")
    with front:
        front.context = authority.server_context(HOST, folder)
        front.behind = address.host, address.port
        thread = threading.Thread(target=front.serve_forever)
        thread.start()
        try:
            port, database = front.server_address[1], address.database
            yield f"postgresql://{address.user}:{address.password}@{HOST}:{port}/{database}"
        finally:
            front.shutdown()
            thread.join(10)
