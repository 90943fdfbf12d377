"""A proxy of a PostgreSQL server that passes on every parameter of a connection but ``options``."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import cast

from postgres import Address

ENCRYPTION_REQUESTS = (80877103, 80877104)
ERROR = b"SFATAL\0VFATAL\0C0A000\0MFeature not supported: command-line options.\0\0"


class _Proxy(ThreadingTCPServer):
    daemon_threads = True
    behind: tuple[str, int]
    refuses: bool


class _Caller(BaseRequestHandler):
    def handle(self) -> None:
        proxy, client = cast(_Proxy, self.server), cast(socket.socket, self.request)
        version, parameters = _startup(client)
        if parameters.pop(b"options", None) is not None and proxy.refuses:
            client.sendall(b"E" + struct.pack("!i", len(ERROR) + 4) + ERROR)
            return
        pairs = b"".join(name + b"\0" + text + b"\0" for name, text in parameters.items())
        with suppress(OSError), socket.create_connection(proxy.behind) as server:
            server.sendall(struct.pack("!ii", len(pairs) + 9, version) + pairs + b"\0")
            answers = threading.Thread(target=_copy, args=(server, client))
            answers.start()
            _copy(client, server)
            answers.join(10)


def _startup(client: socket.socket) -> tuple[int, dict[bytes, bytes]]:
    """Return the version and the parameters of the startup message."""
    while True:
        length, version = struct.unpack("!ii", client.recv(8, socket.MSG_WAITALL))
        if version not in ENCRYPTION_REQUESTS:
            words = client.recv(length - 8, socket.MSG_WAITALL).rstrip(b"\0").split(b"\0")
            return version, dict(zip(words[::2], words[1::2], strict=False))
        client.sendall(b"N")


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while heard := source.recv(1 << 16):
            sink.sendall(heard)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def without_options(behind: Address, *, refuses: bool) -> Iterator[Address]:
    """The address of a proxy that refuses, or ignores, ``options``."""
    with _Proxy(("127.0.0.1", 0), _Caller) as proxy:
        proxy.behind, proxy.refuses = (behind.host, behind.port), refuses
        thread = threading.Thread(target=proxy.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield replace(behind, port=proxy.server_address[1])
        finally:
            proxy.shutdown()
            thread.join(10)
