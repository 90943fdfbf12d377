"""Open a connection. Every error says what to do."""

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

from pg8000.exceptions import DatabaseError, InterfaceError

from postgres.address import Address
from postgres.driver import Connection, PooledConnection, raised_by, sqlstate, sqlstate_message
from postgres.errors import (
    InvalidAddress,
    LockTimeout,
    NotAuthenticated,
    QueryFailed,
    Refused,
    StartupRefused,
    Unreachable,
    Unverified,
)
from postgres.locks import LOCK_NOT_AVAILABLE, observed, waited_for
from postgres.session import MARKER, SESSION, TRACKED, Session, newer

CONNECT_TIMEOUT = 10.0
"""Seconds. A host that drops packets would otherwise block a poll for minutes."""

KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
"""Probes, in seconds, that keep an idle connection open in firewalls, and end the wait for a server
that is gone after two minutes; the default of Linux is two hours."""

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""The message that asks for TLS ("SSLRequest" in PostgreSQL's manual, "Message Formats")."""

STARTUP_REFUSED = ("08P01", "0A000")
NOT_READY = ("53", "55", "57")
"""Classes of SQLSTATE of a server that has no free connection, admits none, starts or stops.
Source: PostgreSQL, appendix A."""

REPORT = Session(statement_timeout=10.0)


@contextmanager
def connected(
    address: Address, application: str, session: Session = SESSION
) -> Iterator[Connection]:
    """Open a connection for the block, named ``application`` in ``pg_stat_activity``.

    Raises what ``connect`` does. A database error of this connection that the block does not
    handle becomes LockTimeout, which names the sessions that hold the lock, QueryFailed or, if the
    connection broke, Unreachable.
    """
    with ExitStack() as closing:
        connection = connect(address, application, session)
        closing.callback(_close, connection)
        connection.another = partial(connected, address, application)
        report = partial(connect, address, f"{application} lock report", REPORT)
        closing.enter_context(observed(connection, application, report))
        try:
            yield connection
        except DatabaseError as refusal:
            if not raised_by(refusal, connection):
                raise
            raise _statement_refused(application, address, refusal) from refusal
        except InterfaceError as broken:
            if not raised_by(broken, connection):
                raise
            raise Unreachable(
                f"The connection of {application} to {address} broke: {broken}."
                " Its transaction was rolled back. To fix: run it again."
            ) from broken


def _statement_refused(
    application: str, address: Address, refusal: DatabaseError
) -> LockTimeout | QueryFailed:
    if sqlstate(refusal) == LOCK_NOT_AVAILABLE:
        return LockTimeout(
            f"{application} at {address} waited too long for {waited_for(refusal)}. Its"
            " transaction was rolled back. To fix: end the transaction that holds the lock,"
            " with commit or rollback in its session or with pg_terminate_backend(pid);"
            " then run it again."
        )
    return QueryFailed(
        f"PostgreSQL at {address} refuses a statement of {application}:"
        f" {sqlstate_message(refusal)} (SQLSTATE {sqlstate(refusal)})."
    )


def connect(address: Address, application: str, session: Session = SESSION) -> Connection:
    """Return a new connection with the settings of ``session``.

    A remote server must prove its identity by TLS before it receives anything. Raises
    InvalidAddress, Unreachable, Unverified or Refused.
    """
    settings = {**session.settings, MARKER: "on"}
    try:
        connection = dial(Connection, address, application, settings)
    except StartupRefused:
        return _connect_pooled(address, application, session)
    try:
        [[is_marked]] = connection.run(newer(session.newer_settings(connection.version)))
    except (DatabaseError, InterfaceError) as error:
        _close(connection)
        raise Unreachable(
            f"The session of {application} at {address} ended before its first statement: {error}."
            " Nothing was done. To fix: run it again; behind a pooler, see its log."
        ) from error
    if not is_marked:
        _close(connection)
        return _connect_pooled(address, application, session)
    connection.session = session
    return connection


def _connect_pooled(address: Address, application: str, session: Session) -> Connection:
    """Return a connection through a pooler, which accepts only the settings that it tracks."""
    tracked = {name: session.settings[name] for name in TRACKED}
    connection = dial(PooledConnection, address, application, tracked)
    connection.session = session
    return connection


def dial(
    kind: type[Connection], address: Address, application: str, settings: Mapping[str, str]
) -> Connection:
    """Return a new connection with these startup parameters. Raises what ``connect`` does."""
    context = _tls(address)
    opened = _socket(address)
    with ExitStack() as failed:
        failed.callback(_hang_up, opened)
        connection = _handshake(kind, address, application, settings, opened, context)
        failed.pop_all()
    connection._usock.settimeout(None)  # the timeout is for the handshake, not for queries
    return connection


def _tls(address: Address) -> ssl.SSLContext | None:
    """Return a context that verifies as libpq's verify-full: authority and host name."""
    if not (file := address.authorities):
        return None
    try:
        return ssl.create_default_context(cafile=file)
    except OSError as wrong:  # ssl.SSLError is one
        raise InvalidAddress(
            f"The CA bundle {file} cannot be read as PEM certificates: {wrong}. To fix: check the"
            " path."
        ) from None


def _encrypted_if_offered(opened: socket.socket) -> socket.socket:
    """Return the connection to a local server, through TLS if the server offers that. Nothing is
    verified, so no authorities are loaded: that would take most of the time of a connection."""
    opened.sendall(SSL_REQUEST)
    if opened.recv(1) != b"S":
        return opened
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(opened)


def _handshake(
    kind: type[Connection],
    address: Address,
    application: str,
    settings: Mapping[str, str],
    opened: socket.socket,
    context: ssl.SSLContext | None,
) -> Connection:
    try:
        return kind(
            address.user,
            host=address.host,
            port=address.port,
            database=address.database,
            password=address.password or "",  # pg8000 fails on None if a password is requested
            application_name=application,
            startup_params=dict(settings),
            ssl_context=context or False,
            sock=opened if context else _encrypted_if_offered(opened),
        )
    except DatabaseError as refusal:
        raise _refused(address, refusal) from None
    except ssl.SSLCertVerificationError as wrong:
        raise _unverified(address, wrong) from None
    except (InterfaceError, OSError, LookupError, ValueError) as broken:  # last two: not PostgreSQL
        raise Unreachable(
            f"The server at {address.host}:{address.port} does not answer as PostgreSQL: {broken}."
            " To fix: check the port, and that a remote server offers TLS."
        ) from None


def _refused(address: Address, refusal: DatabaseError) -> Refused:
    reason, state = sqlstate_message(refusal), sqlstate(refusal)
    if state in STARTUP_REFUSED and ("parameter" in reason or "option" in reason):
        return StartupRefused(
            f"The pooler at {address} refuses the connection: {reason}. To fix: let it ignore the"
            " parameter (PgBouncer: ignore_startup_parameters), or give the address of PostgreSQL."
        )
    kind = NotAuthenticated if state.startswith("28") else Refused
    remedy = "check user, password and database name"
    if state.startswith(NOT_READY):
        remedy = "wait, or ask the administrator of the server"
    return kind(f"PostgreSQL refuses {address}: {reason}. To fix: {remedy}.")


def _unverified(address: Address, wrong: ssl.SSLCertVerificationError) -> Unverified:
    return Unverified(
        f"The identity of the server at {address.host}:{address.port} is not proved:"
        f" {wrong.verify_message}. It has received no password. To fix: check the host"
        f" name, and that {address.sslrootcert} holds the certificates of its authority."
    )


def _socket(address: Address) -> socket.socket:
    try:
        opened = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT)
    except OSError as silence:
        raise Unreachable(
            f"Nothing answers at {address.host}:{address.port} ({silence.strerror or silence})."
            " To fix: check that PostgreSQL runs there, and the host and the port."
        ) from None
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, setting in KEEPALIVE.items():
        if hasattr(socket, name):  # macOS has other names
            opened.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), setting)
    return opened


def _hang_up(opened: socket.socket) -> None:
    with suppress(OSError):  # closed by the other side, or taken over by TLS, which closes it
        opened.shutdown(socket.SHUT_RDWR)
    opened.close()


def _close(connection: Connection) -> None:
    with suppress(InterfaceError, OSError):  # if it broke, its own error matters more
        connection.close()
