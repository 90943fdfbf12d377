"""Connections of the driver, with the settings of a session, directly or through a pooler."""

import re
import socket
import struct
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from pg8000 import native
from pg8000.exceptions import DatabaseError, InterfaceError

from postgres.session import SESSION, Session

BEGIN = re.compile(r"\s*(?:begin|start\s+transaction)\b(?:\s+(?:transaction|work)\b)?([^;]*)", re.I)
IN_TRANSACTION = (b"T", b"E")  # the latter: after an error
COPY_DATA = b"d"
MESSAGE, HEADER, LENGTH = struct.Struct("!ci"), 5, 4
"""A message begins with its code, and with its length, in which the length itself counts as 4.
Source: PostgreSQL's manual, "Message Formats"."""


@dataclass
class Statement:
    """A statement that began at a time of the monotonic clock, None after its end. ``blockers`` are
    the sessions that blocked it when they were last observed. Any thread may read and write it."""

    began: float | None = None
    blockers: Sequence[object] = ()

    def has_run_for(self, seconds: float) -> bool:
        """Return whether it has been running for so long."""
        began = self.began
        return began is not None and time.monotonic() - began >= seconds


class Connection(native.Connection):  # type: ignore[misc]  # pg8000 has no types
    """A connection with the settings of ``session``."""

    session: Session = SESSION
    is_pooled = False
    statement = Statement()
    """The statement that runs, or that ran last."""
    another: "Callable[[Session], AbstractContextManager[Connection]]"
    """Opens a further connection to the same database for a block, with settings of its own."""
    _context: Any

    @property
    def version(self) -> int:
        """The major version of the server."""
        return int(re.split(r"\D", str(self.parameter_statuses["server_version"]))[0])

    @property
    def pid(self) -> int:
        """The process of the server that runs the session; a pooler sends another number."""
        return int.from_bytes(self._backend_key_data[:4], "big")

    def run(self, sql: str, stream: Any = None, types: Any = None, **params: Any) -> Any:
        """Run a statement. Its errors are those of this connection (``raised_by``)."""
        statement = self.statement = Statement(time.monotonic())
        try:
            return super().run(sql, stream, types, **params)
        except (DatabaseError, InterfaceError) as error:
            error.connection, error.blockers = self, statement.blockers
            raise
        except (ConnectionResetError, TimeoutError) as broken:  # pg8000 passes them on as they are
            reset = InterfaceError(broken.strerror or str(broken))
            reset.connection = self
            raise reset from broken
        finally:
            statement.began = None

    def hang_up(self) -> None:
        """Break the connection at once. A statement that another thread runs ends with an error,
        and the server rolls the transaction back."""
        with suppress(OSError):  # broken already
            socket.socket.shutdown(self._usock, socket.SHUT_RDWR)  # below TLS, which has no locks

    def handle_messages(self, context: Any) -> None:
        """Read the answer. If the connection broke, the error is the server's own reason."""
        try:
            super().handle_messages(context)
        except (InterfaceError, ConnectionResetError) as broken:
            if isinstance(context.error, DatabaseError):
                reason, state = sqlstate_message(context.error), sqlstate(context.error)
                raise InterfaceError(f"{reason} (SQLSTATE {state})") from broken
            raise

    def handle_COPY_OUT_RESPONSE(self, data: bytes, context: Any) -> None:  # noqa: N802 - pg8000's
        """Pass the rows of a COPY to its stream, then handle the message after them. A row costs a
        sixth of what it costs in pg8000's loop for all messages, 1 µs."""
        super().handle_COPY_OUT_RESPONSE(data, context)
        try:
            code, size = self._pass_rows(context.stream_write)
        except struct.error as cut:  # the connection ended: in a message, or within the last row
            raise InterfaceError("network error") from cut
        self.message_types[code](self._sock.read(size - LENGTH), context)

    def _pass_rows(self, write: Callable[[bytes], object]) -> tuple[bytes, int]:
        """Write the rows, those that have arrived at once, and return the header of the message
        after the last one. ``write`` never gets a part of a row."""
        read, peek = self._sock.read, self._sock.peek
        code, size = MESSAGE.unpack(read(HEADER))
        while code == COPY_DATA:
            write(read(size - LENGTH))
            rows, length = whole_rows(peek(1))
            if length:
                read(length)
                write(rows)
            code, size = MESSAGE.unpack(read(HEADER))
        return code, size


def whole_rows(received: bytes) -> tuple[bytes, int]:
    """Return the rows in the messages of a COPY at the beginning of ``received``, as far as they
    are whole, and the number of bytes of these messages. PostgreSQL sends a row per message."""
    rows, start, end = list[bytes](), 0, len(received)
    header = MESSAGE.unpack_from
    while end - start > HEADER:
        code, size = header(received, start)
        following = start + 1 + size
        if code != COPY_DATA or following > end:
            break
        rows.append(received[start + HEADER : following])
        start = following
    return b"".join(rows), start


class PooledConnection(Connection):
    """A connection through a pooler, where each transaction may run in another session.

    Every statement runs in a transaction with the settings of ``session``.
    """

    is_pooled = True

    def run(self, sql: str, stream: Any = None, types: Any = None, **params: Any) -> Any:
        """Run a statement; outside a transaction, in one of its own."""
        if self._transaction_status in IN_TRANSACTION:
            return super().run(sql, stream, types, **params)
        begin = BEGIN.fullmatch(sql)
        self._begin(begin[1].strip() if begin else "")
        return None if begin else self._run_and_commit(sql, stream, types, params)

    def _begin(self, modes: str) -> None:
        super().run(f"{self.session.begin(modes)}; {self.session.local(self.version)}")

    def _run_and_commit(self, sql: str, stream: Any, types: Any, params: Mapping[str, Any]) -> Any:
        with ExitStack() as undoing:
            undoing.callback(self._roll_back)
            rows = super().run(sql, stream, types, **params)
            undoing.pop_all()
        context = self._context  # the statement's columns, not those of the commit
        super().run("commit")
        self._context = context
        return rows

    def _roll_back(self) -> None:
        with suppress(DatabaseError, InterfaceError):  # the statement's error matters more
            super().run("rollback")


def raised_by(error: Exception, connection: Connection) -> bool:
    """Return whether the error is of ``connection``, or of an unknown one. Blocks of connections
    nest, and an error of the outer one leaves through the inner block."""
    return getattr(error, "connection", connection) is connection


def sqlstate(error: DatabaseError) -> str:
    """Return the error code, five characters (appendix A of PostgreSQL's manual), or ''."""
    fields = error.args[0] if error.args else {}
    return str(fields.get("C", "")) if isinstance(fields, dict) else ""


def sqlstate_message(error: DatabaseError) -> str:
    """Return the server's message without its detail line, which may contain row data."""
    fields = error.args[0] if error.args else {}
    return str(fields.get("M", "")) if isinstance(fields, dict) else str(error)
