"""Random histories of a source with concurrent sessions, compared with a plain model.

The model is the committed rows, which is what a poll can see. Every poll must land exactly the
difference since the last poll.
"""

import shutil
import tempfile
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pg8000.native import Connection

from contracts import Column, Source, SourceTable, Type
from ingestion_lambda.poll import poll
from ingestion_lambda.source import scope, snapshot
from lake import mirror_map, new_run, open_lake
from postgres import Sql, connected, from_dsn, render, value
from tests.integration.ingestion_lambda.conftest import RecordingBus

pytestmark = pytest.mark.lambda_runtime

HISTORIES, STEPS = 2 * settings().max_examples, 20
SESSIONS = range(3)
TABLES = ("thing", "other")
Row = tuple[str | None, int | None]
Rows = dict[tuple[str, int], Row]
NUMBERS = count(1)

tables = st.sampled_from(TABLES)
sessions = st.sampled_from(SESSIONS)
# near and distant keys, so that buckets are shared, crossed and empty
keys = st.sampled_from([1, 2, 3, -16385, -1, 16383, 16384, 2**31 - 1])
rows = st.tuples(st.sampled_from([None, "", "O'Keefe", "\\N", "a\nb"]), st.none() | st.just(1))
Write = tuple[tuple[str, int], Row | None]
writes = st.lists(
    st.tuples(st.tuples(tables, keys), st.one_of(rows, rows, st.none())), min_size=1, max_size=5
)


class Session:
    """A session of the source and the model of its open transaction."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self.connection = connection
        self.connection.run(render("SET search_path TO {schema}", schema=schema))
        self.changes: list[dict[tuple[str, int], Row | None]] = []  # a layer a savepoint

    @property
    def is_open(self) -> bool:
        return bool(self.changes)

    def touched(self) -> set[tuple[str, int]]:
        return {key for layer in self.changes for key in layer}

    def seen(self, committed: Rows, key: tuple[str, int]) -> Row | None:
        """Return the row as this session sees it."""
        for layer in reversed(self.changes):
            if key in layer:
                return layer[key]
        return committed.get(key)

    def flattened(self) -> dict[tuple[str, int], Row | None]:
        return {key: row for layer in self.changes for key, row in layer.items()}


class History(RuleBasedStateMachine):
    """The changes of the source; ``poll`` compares."""

    connections: list[Connection]  # one more than sessions, for polls; kept from one to the next
    folder: Path

    prepared = Bundle("prepared")

    @initialize()
    def begin(self) -> None:
        self.name = f"history_{next(NUMBERS)}"
        self.source = Source(self.name, self.name, {name: _contract(name) for name in TABLES})
        self.poller, *writers = self.connections
        self.poller.run(render("CREATE SCHEMA {name}", name=self.name))
        for table in TABLES:
            self.poller.run(
                render(
                    "CREATE TABLE {schema}.{table} (id int PRIMARY KEY, word text, number int)",
                    schema=self.name,
                    table=table,
                )
            )
        self.sessions = [Session(writer, self.name) for writer in writers]
        folder = self.folder / self.name
        self.lake = open_lake((folder / "i").as_uri(), (folder / "p").as_uri())
        self.committed: Rows = {}
        self.polled: Rows = {}
        self.locked: set[tuple[str, int]] = set()  # by prepared transactions

    @rule(session=sessions, writes=writes)
    def write(self, session: int, writes: list[Write]) -> None:
        """Insert, update or delete rows, in the session's transaction or each in its own; rows that
        another transaction has locked are left out."""
        this = self.sessions[session]
        locked = self.locked.union(*(s.touched() for s in self.sessions if s is not this))
        for place, row in writes:
            before = this.seen(self.committed, place)
            if place in locked or before == row:
                continue
            this.connection.run(_statement(*place, before, row))
            if this.is_open:
                this.changes[-1][place] = row
            else:
                self._commit({place: row})

    @rule(session=sessions)
    def open(self, session: int) -> None:
        """Begin a transaction, or a savepoint in the open transaction."""
        this = self.sessions[session]
        savepoint = render("SAVEPOINT {name}", name=f"s{len(this.changes)}")
        this.connection.run(savepoint if this.is_open else "BEGIN")
        this.changes.append({})

    @rule(session=sessions, keep=st.booleans())
    def close(self, session: int, keep: bool) -> None:
        """End the innermost savepoint or the transaction, committing its rows or not."""
        this = self.sessions[session]
        if not this.is_open:
            return
        *outer, layer = this.changes
        this.changes = outer
        if not outer:
            this.connection.run("COMMIT" if keep else "ROLLBACK")
            self._commit(layer if keep else {})
            return
        statement = "RELEASE SAVEPOINT {name}" if keep else "ROLLBACK TO SAVEPOINT {name}"
        this.connection.run(render(statement, name=f"s{len(outer)}"))
        if keep:
            outer[-1] |= layer

    @rule(session=sessions, writes=writes, late=sessions, more=writes)
    def commit_between_polls(
        self, session: int, writes: list[Write], late: int, more: list[Write]
    ) -> None:
        """Write a row, commit and poll others, then commit the row: a watermark would lose it."""
        self.open(session)
        self.write(session, writes)
        self.write(late, more)
        self.poll()
        while self.sessions[session].is_open:
            self.close(session, keep=True)
        self.poll()

    @precondition(lambda self: any(session.is_open for session in self.sessions))
    @rule(target=prepared, session=sessions)
    def prepare(self, session: int) -> tuple[str, dict[tuple[str, int], Row | None]]:
        """Prepare a transaction for a two-phase commit: it continues without its session."""
        this = self.sessions[session]
        if not this.is_open:
            return "", {}
        name = f"{self.name}_{next(NUMBERS)}"
        this.connection.run(Sql(f"PREPARE TRANSACTION {value(name)}"))
        changes, this.changes = this.flattened(), []
        self.locked |= changes.keys()
        return name, changes

    @rule(transaction=consumes(prepared), keep=st.booleans())
    def finish(
        self, transaction: tuple[str, dict[tuple[str, int], Row | None]], keep: bool
    ) -> None:
        """Commit or roll back a prepared transaction."""
        name, changes = transaction
        if name:
            statement = "COMMIT PREPARED {name}" if keep else "ROLLBACK PREPARED {name}"
            self.poller.run(render(statement, name=value(name)))
            self.locked -= changes.keys()
            self._commit(changes if keep else {})

    @rule(table=tables)
    def freeze(self, table: str) -> None:
        self._maintain("VACUUM (FREEZE) {schema}.{table}", table)

    @precondition(lambda self: not self.locked and not any(s.is_open for s in self.sessions))
    @rule(
        table=tables,
        how=st.sampled_from(
            [
                "VACUUM (FULL) {schema}.{table}",
                "ALTER TABLE {schema}.{table} ALTER COLUMN word TYPE varchar",
                "ALTER TABLE {schema}.{table} ALTER COLUMN word TYPE text",
                "CLUSTER {schema}.{table} USING {index}",
                "UPDATE {schema}.{table} SET number = number",
            ]
        ),
    )
    def rewrite(self, table: str, how: str) -> None:
        """Give every row a new place or a new transaction id, but no new value."""
        self._maintain(how, table)

    @precondition(lambda self: not self.locked and not any(s.is_open for s in self.sessions))
    @rule(table=tables)
    def truncate(self, table: str) -> None:
        self._maintain("TRUNCATE {schema}.{table}", table)
        self.committed = {k: row for k, row in self.committed.items() if k[0] != table}

    @rule(times=st.integers(1, 40))
    def burn_ids(self, times: int) -> None:
        """Use up transaction ids."""
        for _ in range(times):
            self.poller.run("SELECT pg_current_xact_id()")

    @rule()
    def poll(self) -> None:
        """Land the rows that were committed since the last poll, each once, and no others."""
        polled = poll(self.poller, self.source, self.lake, RecordingBus(), new_run())
        expected = differences(self.polled, self.committed)
        landed = self._landed(polled.seq) if polled.changes else {}
        assert landed == expected
        assert self._mirrored() == self.committed
        self.polled = dict(self.committed)

    def teardown(self) -> None:
        if hasattr(self, "sessions"):
            self.poll()
            for session in self.sessions:
                session.connection.run("ROLLBACK")
            self._forget_prepared()
            self.poller.run(render("DROP SCHEMA {name} CASCADE", name=self.name))

    def _commit(self, changes: dict[tuple[str, int], Row | None]) -> None:
        for place, row in changes.items():
            if row is None:
                self.committed.pop(place, None)
            else:
                self.committed[place] = row

    def _maintain(self, statement: str, table: str) -> None:
        parts = {"schema": self.name, "table": table, "index": f"{table}_pkey"}
        self.poller.run(render(statement, **parts))

    def _landed(self, seq: int) -> dict[tuple[str, int], tuple[str, Row]]:
        tables = self.lake.batches.entry(seq).tables
        return {
            (name, row["id"]): (row["op"], (row["word"], row["number"]))
            for name, changes in tables.items()
            for row in self._read(changes.file.key)
        }

    def _mirrored(self) -> Rows:
        head = self.lake.batches.head()
        return {
            (name, row["id"]): (row["word"], row["number"])
            for name in (head.mirror if head else {})
            for bucket in mirror_map.mirror_map(self.lake.ingestion, head, name).buckets.values()
            for row in self._read(bucket.key)
        }

    def _read(self, key: str) -> list[dict[str, Any]]:
        body = pa.BufferReader(self.lake.ingestion.get(key))
        rows: list[dict[str, Any]] = pq.ParquetFile(body).read().to_pylist()
        return rows

    def _forget_prepared(self) -> None:
        own = "SELECT gid FROM pg_prepared_xacts WHERE gid LIKE {own}"
        for [name] in self.poller.run(render(own, own=value(f"{self.name}\\_%"))):
            self.poller.run(render("ROLLBACK PREPARED {name}", name=value(name)))


@pytest.mark.timeout(900)  # 200 random histories
def test_every_poll_lands_exactly_the_changes_committed_since_the_last(
    source_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scope, "MARGIN", 0)  # the horizon must do without help
    # short, so that some polls have a horizon that is not flushed yet
    monkeypatch.setattr(snapshot, "FLUSH_WAIT", 0.02)
    # small, so that the map of a mirror moves into pages and back
    monkeypatch.setattr(mirror_map, "INLINE", 1)
    monkeypatch.setattr(mirror_map, "SHIFT", 1)
    run_histories(History, source_dsn)


def run_histories(machine: type[History], source_dsn: str, steps: int = STEPS) -> None:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp())
        stack.callback(shutil.rmtree, folder)
        sessions = (connected(from_dsn(source_dsn), "history") for _ in range(len(SESSIONS) + 1))
        machine.connections = [stack.enter_context(session) for session in sessions]
        machine.folder = folder
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=HISTORIES,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


def _contract(name: str) -> SourceTable:
    columns = {"id": "int", "word": "text", "number": "int"}
    typed = (Column(c, Type.parse(kind), c != "id", "") for c, kind in columns.items())
    return SourceTable(name, name, "id", tuple(typed))


def _statement(table: str, key: int, before: Row | None, after: Row | None) -> Sql:
    word, number = (value(part) for part in after or (None, None))
    parts: dict[str, str | int] = {"table": table, "key": key, "word": word, "number": number}
    if after is None:
        return render("DELETE FROM {table} WHERE id = {key}", **parts)
    if before is None:
        return render("INSERT INTO {table} VALUES ({key}, {word}, {number})", **parts)
    return render("UPDATE {table} SET word = {word}, number = {number} WHERE id = {key}", **parts)


def differences(before: Rows, now: Rows) -> dict[tuple[str, int], tuple[str, Row]]:
    changed = {k: ("U", row) for k, row in now.items() if before.get(k, row) != row}
    new = {k: ("I", row) for k, row in now.items() if k not in before}
    gone = {k: ("D", row) for k, row in before.items() if k not in now}
    return {**changed, **new, **gone}
