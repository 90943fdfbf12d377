"""Connections to real servers, to listeners that are not PostgreSQL, and to closed ports."""

import io
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pg8000.native import Connection
from typing_extensions import Buffer

from embedded.server import Server
from postgres import (
    Address,
    QueryFailed,
    Refused,
    Unreachable,
    connect,
    connected,
    from_dsn,
    joined,
    names,
    render,
    value,
)
from postgres import connection as module
from tests.certificates import Authority
from tests.sessions import refusing_connections, terminate, wait_until

anything = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
hostile = st.one_of(anything, st.text("'\"\\;:-$E{}%\n ab1/*"))


@pytest.fixture
def address(server: Server) -> Address:
    return from_dsn(server.dsn())


@pytest.fixture(scope="module")
def open_connection(server: Server) -> Iterator[Connection]:
    with connected(from_dsn(server.dsn()), "test") as connection:
        yield connection


@contextmanager
def listener(says: bytes | None) -> Iterator[Address]:
    """The address of a listener that sends ``says`` to every caller, or never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            with caller, suppress(ConnectionError):
                if says is not None:
                    caller.sendall(says)
                    caller.shutdown(socket.SHUT_WR)
                while caller.recv(4096):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield Address("127.0.0.1", listening.getsockname()[1], "stars", "me", "hunter2")
        thread.join(10)


def test_connection_is_named_and_dates_are_iso(address: Address) -> None:
    with connected(address, "poll") as connection:
        assert connection.run("select current_setting('application_name')") == [["poll"]]
        assert connection.run("select date '2024-02-01'::text") == [["2024-02-01"]]


def test_connection_is_closed_after_its_block(address: Address) -> None:
    with connected(address, "closed after") as connection:
        assert connection.run("select 1") == [[1]]
    with connected(address, "test") as observer:
        still = "from pg_stat_activity where application_name = 'closed after'"
        wait_until(observer, f"select where not exists (select {still})")


@pytest.mark.parametrize(("name", "seconds"), module.KEEPALIVE.items())
def test_server_that_is_gone_is_noticed_within_minutes(
    address: Address, name: str, seconds: int
) -> None:
    with connected(address, "test") as connection:
        option = getattr(socket, name)
        assert connection._usock.getsockopt(socket.IPPROTO_TCP, option) == seconds
    idle, interval, probes = module.KEEPALIVE.values()
    assert idle + interval * probes <= 120


def test_query_may_take_longer_than_a_handshake(address: Address) -> None:
    with connected(address, "test") as connection:
        assert connection._usock.gettimeout() is None, "that of the handshake would stay"
        assert connection.run("select 1 from pg_sleep(0.1)") == [[1]]


@pytest.mark.parametrize(
    "wrong", [{"password": "hunter2"}, {"user": "nobody"}, {"database": "nowhere"}]
)
def test_wrong_password_user_or_database_is_refused_with_a_remedy(
    address: Address, wrong: dict[str, str]
) -> None:
    wrong_address = replace(address, **wrong)  # type: ignore[arg-type]  # by name
    with pytest.raises(Refused, match="To fix: check user, password and database") as refusal:
        connect(wrong_address, "test")
    assert_keeps_secret(refusal.value, wrong_address)


def test_database_that_admits_no_connection_is_not_blamed_on_the_password(
    address: Address, server: Server
) -> None:
    server.create_database("closed")
    closed = from_dsn(server.dsn("closed"))
    with (
        refusing_connections(server, server.dsn("closed")),
        pytest.raises(Refused, match="To fix: wait, or ask"),
    ):
        connect(closed, "test")
    server.drop_database("closed")


def test_missing_password_is_refused_with_a_remedy(address: Address) -> None:
    with pytest.raises(Refused, match="check user, password"):
        connect(replace(address, password=None), "test")


def test_nothing_listening_is_unreachable_with_a_remedy() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = Address("127.0.0.1", closed.getsockname()[1], "stars", "me", "hunter2")
        with pytest.raises(
            Unreachable, match=r"Nothing answers at 127.*To fix: check that"
        ) as refusal:
            connect(nowhere, "test")
    assert_keeps_secret(refusal.value, nowhere)


def test_host_that_does_not_exist_is_unreachable(tmp_path: Path) -> None:
    bundle = str(Authority().write(tmp_path / "ca.pem"))
    with pytest.raises(Unreachable, match=r"Nothing answers at nowhere\.invalid"):
        connect(Address("nowhere.invalid", 5432, "stars", "me", sslrootcert=bundle), "test")


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\xff\xfe", b"220 hello\r\n"],
)
def test_listener_that_is_not_postgresql_is_reported(says: bytes) -> None:
    with (
        listener(says) as stranger,
        pytest.raises(
            Unreachable, match=r"does not answer as PostgreSQL.*To fix: check the port"
        ) as refusal,
    ):
        connect(stranger, "test")
    assert_keeps_secret(refusal.value, stranger)


def test_listener_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CONNECT_TIMEOUT", 0.3)
    with listener(None) as mute, pytest.raises(Unreachable, match=r"check the port"):
        connect(mute, "test")


def test_refused_statement_is_reported_with_its_sqlstate(address: Address) -> None:
    with (
        pytest.raises(QueryFailed, match=r"of poll: .*nonsense.*SQLSTATE 42P01"),
        connected(address, "poll") as connection,
    ):
        connection.run("select * from nonsense")


@pytest.mark.parametrize("failing", ["outer", "inner"])
def test_error_of_nested_connections_belongs_to_the_one_that_raised_it(
    server: Server, address: Address, failing: str
) -> None:
    server.create_database("another")
    other = from_dsn(server.dsn("another"))
    try:
        with (
            pytest.raises(QueryFailed) as error,
            connected(address, "outer") as outer,
            connected(other, "inner") as inner,
        ):
            (outer if failing == "outer" else inner).run("select 1 / 0")
    finally:
        server.drop_database("another")
    place = address if failing == "outer" else other
    assert f"at {place} refuses a statement of {failing}" in str(error.value)


def test_break_of_the_outer_of_nested_connections_belongs_to_it(address: Address) -> None:
    end = "select pg_terminate_backend({pid})"
    with (  # noqa: PT012 - the error leaves through both blocks
        pytest.raises(Unreachable, match="The connection of outer to"),
        connected(address, "outer") as outer,
        connected(address, "inner") as inner,
    ):
        [[pid]] = outer.run("select pg_backend_pid()")
        inner.run(render(end, pid=pid))
        outer.run("select 1")


@contextmanager
def dying_after_the_handshake(behind: Address) -> Iterator[Address]:
    """The address of a proxy of a server, which hangs up on the first statement."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _ = listening.accept()
            server = socket.create_connection((behind.host, behind.port))
            with caller, server:
                answer = threading.Thread(target=forward, args=(server, caller))
                answer.start()
                while (message := caller.recv(4096)) and not message.startswith(b"Q"):
                    server.sendall(message)
                server.shutdown(socket.SHUT_RDWR)
                answer.join()

        thread = threading.Thread(target=serve)
        thread.start()
        yield replace(behind, port=listening.getsockname()[1])
        thread.join(10)


def forward(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while message := source.recv(4096):
            sink.sendall(message)


def test_connection_that_breaks_before_its_first_statement_is_unreachable(
    address: Address,
) -> None:
    reason = r"session of test at .+ ended before its first statement: .+To fix: run it again"
    with (
        dying_after_the_handshake(address) as dying,
        pytest.raises(Unreachable, match=reason),
    ):
        connect(dying, "test")


def test_connection_that_breaks_in_its_block_is_unreachable(address: Address) -> None:
    with pytest.raises(Unreachable, match=r"connection of victim .* broke: terminating"):
        lose_connection(address)


def lose_connection(address: Address) -> None:
    with connected(address, "test") as other, connected(address, "victim") as connection:
        (own,) = connection.run("select pg_backend_pid()")[0]
        terminate(other, own)
        connection.run("select 1")


NOTICES = """
create function pg_temp.noted(n int) returns int language plpgsql as
$$ begin if n % 3 = 0 then raise notice '%', n; end if; return n; end $$
"""


def test_rows_of_a_copy_are_whole_between_other_messages(address: Address) -> None:
    out = io.BytesIO()
    with connected(address, "test") as connection:
        connection.run(NOTICES)
        connection.run(
            "copy (select pg_temp.noted(g), repeat('d', g % 9000) from generate_series(1, 10000) g"
            " union all select 0, '') to stdout (format csv)",
            stream=out,
        )
        assert connection.row_count == 10_001
        assert len(connection.notices) > 0
        assert connection.run("select 1") == [[1]]
    rows = [f"{n},{'d' * (n % 9000) or chr(34) * 2}" for n in range(1, 10_001)]
    assert out.getvalue().decode().splitlines() == [*rows, '0,""']


# in FROM, PostgreSQL would store all these rows before it sends the first one
ENDLESS = "copy (select generate_series(1, 1000000000)) to stdout"


class Ending(io.BytesIO):
    """A stream that ``ends`` its connection when it gets the first row."""

    def __init__(self, ends: Callable[[], None]) -> None:
        super().__init__()
        self._ends = ends

    def write(self, row: Buffer, /) -> int:
        if not self.tell():
            self._ends()
        return super().write(row)


def lose_copy(
    address: Address, received: list[Ending], end: Callable[[Connection, Connection], None]
) -> None:
    with connected(address, "test") as other, connected(address, "victim") as connection:
        received.append(Ending(partial(end, other, connection)))
        connection.run(ENDLESS, stream=received[0])


def by_the_server(other: Connection, victim: Connection) -> None:
    terminate(other, victim.pid)


def by_us(_: Connection, victim: Connection) -> None:
    victim.hang_up()


@pytest.mark.parametrize("end", [by_the_server, by_us])
def test_copy_that_is_cut_off_is_an_error_after_some_of_its_rows(
    address: Address, end: Callable[[Connection, Connection], None]
) -> None:
    received: list[Ending] = []
    with pytest.raises(Unreachable, match=r"connection of victim .* broke"):
        lose_copy(address, received, end)
    [rows] = received
    assert rows.getvalue().startswith(b"1\n2\n3\n")


@given(text=hostile)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_is_read_back_unchanged(open_connection: Connection, text: str) -> None:
    assert open_connection.run(render("select {text}", text=value(text))) == [[text]]
    out = io.BytesIO()
    copy = render("copy (select {text}) to stdout (format csv, force_quote *)", text=value(text))
    open_connection.run(copy, stream=out)
    quoted = text.replace('"', '""')
    assert out.getvalue().decode() == f'"{quoted}"\n'


@given(name=hostile.filter(lambda name: 0 < len(name.encode()) < 64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_name_is_an_identifier(open_connection: Connection, name: str) -> None:
    query = render(
        "select {columns} from (select 1 as {name}) as {name} where {test}",
        columns=names([name]),
        name=name,
        test=joined("{column} = 1", [name]),
    )
    assert open_connection.run(query) == [[1]]
    assert [column["name"] for column in open_connection.columns] == [name]


@pytest.mark.parametrize("word", ["user", "order", "select", "Mixed", "transaction", "a b"])
def test_reserved_words_are_identifiers_too(open_connection: Connection, word: str) -> None:
    assert open_connection.run(render("select {w} from (select 2 as {w}) as t", w=word)) == [[2]]


@given(number=st.integers(-(2**63), 2**63 - 1), other=st.integers(-(2**31), 2**31))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_number_is_a_literal(open_connection: Connection, number: int, other: int) -> None:
    query = render("select cast(0 as numeric)-{number}-{other}", number=number, other=other)
    assert open_connection.run(query) == [[-number - other]]


def assert_keeps_secret(error: Exception, address: Address) -> None:
    assert address.password
    assert address.password not in f"{error} {error!r}"
    assert error.__cause__ is None
