"""Open a connection, with errors that say what to do."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection

from postgres.address import Address
from postgres.errors import (
    InvalidAddress,
    NotAuthenticated,
    QueryFailed,
    Refused,
    Unreachable,
    Unverified,
)

CONNECT_TIMEOUT = 10.0  # seconds; a host that drops packets would hold a poll for minutes
SESSION = {
    "DateStyle": "ISO, YMD",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",  # a backslash in a literal is only a backslash
}


@contextmanager
def connected(address: Address, application: str) -> Iterator[Connection]:
    """A connection for the block, named ``application`` in ``pg_stat_activity``.

    Raises what ``connect`` does; what PostgreSQL refuses within the block, and nobody there
    expected, leaves it as QueryFailed.
    """
    with ExitStack() as closing:
        connection = connect(address, application)
        closing.callback(_close, connection)
        try:
            yield connection
        except DatabaseError as refusal:
            raise QueryFailed(
                f"PostgreSQL at {address} refuses a statement of {application}:"
                f" {sqlstate_message(refusal)} (SQLSTATE {sqlstate(refusal)})."
            ) from refusal
        except InterfaceError as broken:
            raise Unreachable(
                f"The connection of {application} to {address} broke: {broken}."
                " Nothing is half done; the next run starts afresh."
            ) from broken


def connect(address: Address, application: str) -> Connection:
    """A new connection; dates come as ISO, text as UTF-8.

    A remote server must prove by TLS that it is the one in the address before it hears anything
    of us. Raises InvalidAddress, Unreachable, Unverified or Refused.
    """
    context = _tls(address)
    opened = _socket(address)
    with ExitStack() as failed:
        failed.callback(_hang_up, opened)
        connection = _session(address, application, opened, context)
        failed.pop_all()
    connection._usock.settimeout(None)  # a query may take its time, which a handshake may not
    return connection


def _tls(address: Address) -> ssl.SSLContext | None:
    """Verification as libpq's verify-full: an authority of the file vouches for the host's name."""
    if not (file := address.authorities):
        return None
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as wrong:  # ssl.SSLError is one
        raise InvalidAddress(
            f"The CA bundle {file} cannot be read as certificates in PEM: {wrong}. Check the path."
        ) from None


def _session(
    address: Address, application: str, opened: socket.socket, context: ssl.SSLContext | None
) -> Connection:
    try:
        return Connection(
            address.user,
            host=address.host,
            port=address.port,
            database=address.database,
            password=address.password or "",  # pg8000 breaks when asked for one that is None
            application_name=application,
            startup_params=SESSION,
            ssl_context=context,
            sock=opened,
        )
    except DatabaseError as refusal:
        reason = sqlstate_message(refusal)
        kind = NotAuthenticated if sqlstate(refusal).startswith("28") else Refused
        raise kind(
            f"PostgreSQL refuses {address}: {reason}. Check user, password and database name."
        ) from None
    except ssl.SSLCertVerificationError as wrong:
        raise Unverified(
            f"The server at {address.host}:{address.port} is not proved to be that one:"
            f" {wrong.verify_message}. Check the host name, and that {address.sslrootcert} holds"
            " the certificates of its authority. It has heard no password."
        ) from None
    except (InterfaceError, OSError, LookupError, ValueError) as broken:  # last two: not PostgreSQL
        raise Unreachable(
            f"The server at {address.host}:{address.port} is no PostgreSQL that we can talk to:"
            f" {broken}. Check the port, and that it offers TLS if it is remote."
        ) from None


def _socket(address: Address) -> socket.socket:
    try:
        opened = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT)
    except OSError as silence:
        raise Unreachable(
            f"Nothing answers at {address.host}:{address.port} ({silence.strerror or silence})."
            " Check that PostgreSQL runs there and that host and port are right."
        ) from None
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _hang_up(opened: socket.socket) -> None:
    with suppress(OSError):  # closed by the other side, or taken over by TLS, which closes it
        opened.shutdown(socket.SHUT_RDWR)
    opened.close()


def _close(connection: Connection) -> None:
    with suppress(InterfaceError, OSError):  # it broke; what broke it is the error to see
        connection.close()


def sqlstate(error: DatabaseError) -> str:
    """The five letters by which PostgreSQL names the error (appendix A of its manual), or ''."""
    fields = error.args[0] if error.args else {}
    return str(fields.get("C", "")) if isinstance(fields, dict) else ""


def sqlstate_message(error: DatabaseError) -> str:
    """The server's own sentence, without the detail line, which may hold row data."""
    fields = error.args[0] if error.args else {}
    return str(fields.get("M", "")) if isinstance(fields, dict) else str(error)
