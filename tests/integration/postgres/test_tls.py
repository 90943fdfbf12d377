"""Remote servers are verified before they receive anything: a real server behind TLS."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from embedded.server import Server
from postgres import Address, InvalidAddress, Unreachable, Unverified, connect, connected, from_dsn
from tests.certificates import Authority
from tests.sessions import PATIENCE

pytestmark = pytest.mark.lambda_runtime

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass
class Gate:
    """A TLS proxy in front of a PostgreSQL server. Without ``context`` it refuses TLS.

    It records the bytes that it receives, before TLS (``plain``) and through TLS (``secret``).
    """

    context: ssl.SSLContext | None
    behind: Address
    plain: bytearray = field(default_factory=bytearray)
    secret: bytearray = field(default_factory=bytearray)

    def serve(self, caller: socket.socket) -> None:
        self.plain += caller.recv(len(SSL_REQUEST))
        if not self.context:
            caller.sendall(b"N")
            self.plain += caller.recv(4096)
            return
        caller.sendall(b"S")
        with (
            self.context.wrap_socket(caller, server_side=True) as client,
            socket.create_connection((self.behind.host, self.behind.port)) as server,
        ):
            answers = threading.Thread(target=self._copy, args=(server, client))
            answers.start()
            self._copy(client, server, self.secret)
            answers.join(10)

    def _copy(
        self, source: socket.socket, sink: socket.socket, kept: bytearray | None = None
    ) -> None:
        with suppress(OSError):
            while heard := source.recv(4096):
                if kept is not None:
                    kept += heard
                sink.sendall(heard)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def open_gate(gate: Gate, sslrootcert: Path | None) -> Iterator[Address]:
    """Open the gate for one caller. The value is its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller, suppress(OSError):  # the caller may hang up, as the test expects
                gate.serve(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        rootcert = str(sslrootcert) if sslrootcert else None
        yield replace(gate.behind, host="localhost", port=port, sslrootcert=rootcert)
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.fixture
def behind(server: Server, monkeypatch: pytest.MonkeyPatch) -> Address:
    """The real server. In the test every address counts as remote."""
    monkeypatch.setattr(Address, "is_local", False)
    return from_dsn(server.dsn())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def bundle(authority: Authority, tmp_path: Path) -> Path:
    return authority.write(tmp_path / "ca.pem")


def test_server_with_a_valid_certificate_is_used_through_tls_only(
    authority: Authority, bundle: Path, behind: Address, tmp_path: Path
) -> None:
    gate = Gate(authority.server_context("localhost", tmp_path), behind)
    with open_gate(gate, bundle) as address, connected(address, "over tls") as connection:
        assert connection.run("select current_setting('application_name')") == [["over tls"]]
    assert gate.plain == SSL_REQUEST
    assert b"over tls" in gate.secret


def test_local_server_that_offers_tls_is_used_through_it_without_loading_authorities(
    server: Server, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(ssl, "create_default_context")  # reads the authorities of the machine
    gate = Gate(authority.server_context("elsewhere.example", tmp_path), from_dsn(server.dsn()))
    with open_gate(gate, None) as address, connected(address, "over tls") as connection:
        assert connection.run("select current_setting('application_name')") == [["over tls"]]
    assert gate.plain == SSL_REQUEST
    assert b"over tls" in gate.secret


def test_server_of_another_authority_receives_nothing(
    bundle: Path, behind: Address, tmp_path: Path
) -> None:
    stranger = Authority("Somebody else").server_context("localhost", tmp_path)
    gate = Gate(stranger, behind)
    with (
        open_gate(gate, bundle) as address,
        pytest.raises(
            Unverified, match=r"identity of the server .* is not proved.*check the host name"
        ),
    ):
        connect(address, "test")
    assert (bytes(gate.plain), bytes(gate.secret)) == (SSL_REQUEST, b"")


def test_server_with_another_name_receives_nothing(
    authority: Authority, bundle: Path, behind: Address, tmp_path: Path
) -> None:
    gate = Gate(authority.server_context("elsewhere.example", tmp_path), behind)
    with (
        open_gate(gate, bundle) as address,
        pytest.raises(Unverified, match="Hostname mismatch"),
    ):
        connect(address, "test")
    assert (bytes(gate.plain), bytes(gate.secret)) == (SSL_REQUEST, b"")


def test_server_without_tls_receives_nothing(bundle: Path, behind: Address) -> None:
    gate = Gate(None, behind)
    with open_gate(gate, bundle) as address, pytest.raises(Unreachable, match="offers TLS"):
        connect(address, "test")
    assert gate.plain == SSL_REQUEST


def test_remote_server_is_not_called_without_a_ca_bundle(behind: Address) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        elsewhere = replace(behind, port=listening.getsockname()[1])
        with pytest.raises(InvalidAddress, match="PGSSLROOTCERT=FILE"):
            connect(elsewhere, "test")
        with pytest.raises(TimeoutError):
            listening.accept()


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_invalid_ca_bundle_is_reported(behind: Address, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "bundle.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidAddress, match=r"bundle\.pem cannot be read as PEM certificates"):
        connect(replace(behind, sslrootcert=str(file)), "test")
