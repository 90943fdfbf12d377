"""Servers elsewhere are verified before they hear anything: a real one, behind TLS of our own."""

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

pytestmark = pytest.mark.lambda_runtime

SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@dataclass
class Gate:
    """Stands before a PostgreSQL server, speaks TLS by ``context`` (none: refuses it), and keeps
    what it hears: in plain before TLS, and after."""

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
    """The address of one who listens, for one caller."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller, suppress(OSError):  # the caller may hang up, which is the point
                gate.serve(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        port = listening.getsockname()[1]
        rootcert = str(sslrootcert) if sslrootcert else None
        yield replace(gate.behind, host="localhost", port=port, sslrootcert=rootcert)
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def behind(server: Server, monkeypatch: pytest.MonkeyPatch) -> Address:
    """The real server; every address is taken for that of another machine in the test."""
    monkeypatch.setattr(Address, "is_local", False)
    return from_dsn(server.dsn())


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def bundle(authority: Authority, tmp_path: Path) -> Path:
    return authority.write(tmp_path / "ca.pem")


def test_server_that_the_authority_vouches_for_is_talked_to_through_tls_alone(
    authority: Authority, bundle: Path, behind: Address, tmp_path: Path
) -> None:
    gate = Gate(authority.server_context("localhost", tmp_path), behind)
    with open_gate(gate, bundle) as address, connected(address, "over tls") as connection:
        assert connection.run("select current_setting('application_name')") == [["over tls"]]
    assert gate.plain == SSL_REQUEST
    assert b"over tls" in gate.secret


def test_server_of_another_authority_is_refused_before_it_hears_anything(
    bundle: Path, behind: Address, tmp_path: Path
) -> None:
    stranger = Authority("Somebody else").server_context("localhost", tmp_path)
    gate = Gate(stranger, behind)
    with (
        open_gate(gate, bundle) as address,
        pytest.raises(Unverified, match=r"not proved to be that one.*Check the host name"),
    ):
        connect(address, "test")
    assert (bytes(gate.plain), bytes(gate.secret)) == (SSL_REQUEST, b"")


def test_server_with_another_name_is_refused_before_it_hears_anything(
    authority: Authority, bundle: Path, behind: Address, tmp_path: Path
) -> None:
    gate = Gate(authority.server_context("elsewhere.example", tmp_path), behind)
    with (
        open_gate(gate, bundle) as address,
        pytest.raises(Unverified, match="Hostname mismatch"),
    ):
        connect(address, "test")
    assert (bytes(gate.plain), bytes(gate.secret)) == (SSL_REQUEST, b"")


def test_server_without_tls_is_refused_before_it_hears_anything(
    bundle: Path, behind: Address
) -> None:
    gate = Gate(None, behind)
    with open_gate(gate, bundle) as address, pytest.raises(Unreachable, match="offers TLS"):
        connect(address, "test")
    assert gate.plain == SSL_REQUEST


def test_without_a_ca_bundle_a_server_elsewhere_is_not_even_called(behind: Address) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        elsewhere = replace(behind, port=listening.getsockname()[1])
        with pytest.raises(InvalidAddress, match="PGSSLROOTCERT=FILE"):
            connect(elsewhere, "test")
        with pytest.raises(TimeoutError):
            listening.accept()


@pytest.mark.parametrize("text", [None, "", "no certificate"])
def test_ca_bundle_that_is_none_is_named(behind: Address, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "bundle.pem"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidAddress, match=r"bundle\.pem cannot be read as certificates"):
        connect(replace(behind, sslrootcert=str(file)), "test")
