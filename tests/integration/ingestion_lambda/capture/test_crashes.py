"""Concurrent writers, crashes of the server and of polls: every version lands once outside gaps.

The source numbers the versions itself: each change writes its number into a table in the same
transaction, so a commit that a crash loses is lost there too.
"""

import random
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import settings
from pg8000.exceptions import DatabaseError, InterfaceError

from contracts import Column, PlatformError, Source, SourceTable, Type
from embedded.server import Server, running
from ingestion_lambda.capture import log_capture
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.options import PollOptions
from ingestion_lambda.poll import poll
from lake import Lake, new_run, open_lake
from lake.entries import Batch
from postgres import Connection, Sql, connected, from_dsn, render
from tests.integration.ingestion_lambda.capture.conftest import Tally
from tests.integration.ingestion_lambda.conftest import RecordingBus
from tests.sessions import wait_until

pytestmark = pytest.mark.lambda_runtime

HISTORIES, ROUNDS, WRITERS, KEYS = settings().max_examples // 25, 3, 3, 12
ENOUGH = 5  # versions of a round
SETTINGS = {
    "fsync": "off",  # a crash of the server loses what it had not written, not what the disk had
    "max_prepared_transactions": "10",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",  # a crash takes the slot back to its creation
}
SCHEMA = """
CREATE TABLE thing (id int PRIMARY KEY, version int);
CREATE TABLE oracle (id int, version int, op text, xid bigint, PRIMARY KEY (id, version));
CREATE PUBLICATION warehouse FOR TABLE thing;
CREATE FUNCTION change(k int, deletes bool) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n int; found_row bool;
BEGIN
    PERFORM pg_advisory_xact_lock(k);
    SELECT coalesce(max(version), 0) + 1 INTO n FROM oracle WHERE id = k;
    SELECT EXISTS (SELECT FROM thing WHERE id = k) INTO found_row;
    IF deletes AND NOT found_row THEN RETURN; END IF;
    IF deletes THEN DELETE FROM thing WHERE id = k;
    ELSIF found_row THEN UPDATE thing SET version = n WHERE id = k;
    ELSE INSERT INTO thing VALUES (k, n); END IF;
    INSERT INTO oracle VALUES (k, n, CASE WHEN deletes THEN 'D' ELSE 'S' END,
                               pg_current_xact_id()::text::bigint);
END $$
"""
COLUMNS = tuple(Column(name, Type.parse("int"), name != "id", "") for name in ("id", "version"))
SOURCE = Source("crashes", "public", {"thing": SourceTable("thing", "", "id", COLUMNS)})
WAITING = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
TALLY = Tally()
BROKEN = (DatabaseError, InterfaceError, PlatformError, OSError)


class Version(NamedTuple):
    op: str
    version: int | None  # None for a deletion
    xid: int


@pytest.fixture(scope="module")
def crashing() -> Iterator[Server]:
    """A server of its own, which the tests of this file crash."""
    directory = Path(tempfile.mkdtemp(prefix="totesys-crashes-"))
    try:
        with running(directory, SETTINGS) as server:
            yield server
    finally:
        shutil.rmtree(directory)


def crash(server: Server, mode: str = "immediate") -> None:
    assert server.cluster
    server.cluster._control("stop", f"--mode={mode}")
    server.cluster.start()


class Writer(Thread):
    """Writes transactions until it is stopped, and connects again after a crash."""

    def __init__(self, dsn: str, number: int, seed: int, stopped: Event) -> None:
        super().__init__(daemon=True)
        self._dsn, self._number, self._stopped = dsn, number, stopped
        # repeatable on purpose; it protects nothing
        self._random = random.Random(seed)

    def run(self) -> None:
        while not self._stopped.is_set():
            with suppress(*BROKEN), connected(from_dsn(self._dsn), "writer") as connection:
                if self._number == 0:
                    connection.run("SET synchronous_commit TO off")
                while not self._stopped.is_set():
                    self._transaction(connection)
            time.sleep(0.02)

    def _transaction(self, connection: Any) -> None:
        keys = sorted(self._random.choices(range(KEYS), k=self._random.randint(1, 3)))
        connection.run("BEGIN")
        for key in keys:
            is_lost = self._random.random() < 0.2
            connection.run("SAVEPOINT s")
            deletes = self._random.random() < 0.25
            connection.run("SELECT change(:key, :deletes)", key=key, deletes=deletes)
            connection.run("ROLLBACK TO SAVEPOINT s" if is_lost else "RELEASE SAVEPOINT s")
        match self._random.randint(0, 9):
            case 0:
                connection.run("ROLLBACK")
            case 1:
                name = f"'p{self._number}_{self._random.randrange(10**9)}'"
                connection.run(Sql(f"PREPARE TRANSACTION {name}"))
                time.sleep(self._random.random() / 50)
                connection.run(Sql(f"COMMIT PREPARED {name}"))
            case _:
                connection.run("COMMIT")


class History:
    """Rounds of writing, polls, and what may go wrong with them."""

    def __init__(self, server: Server, dsn: str, lake: Lake, seed: int) -> None:
        self.server, self.dsn, self.lake = server, dsn, lake
        self.random = random.Random(seed)
        self.crashes = 0

    def run(self) -> None:
        self.poll()
        for number in range(ROUNDS):
            stopped = Event()
            writers = [
                Writer(self.dsn, n, self.random.randrange(2**32), stopped) for n in range(WRITERS)
            ]
            for writer in writers:
                writer.start()
            for _ in range(self.random.randint(1, 3)):
                time.sleep(self.random.random() / 8)
                self.step(number)
            self.await_versions(ENOUGH * (number + 1))
            stopped.set()
            while any(writer.is_alive() for writer in writers):
                self.resolve_prepared()  # a crash leaves some, whose locks others wait for
                time.sleep(0.05)
            self.resolve_prepared()
        if not self.crashes:
            self.crash_during_a_poll()
            self.resolve_prepared()
        self.poll()
        self.poll()

    def await_versions(self, count: int) -> None:
        """Wait until the writers have committed so many versions, however slow they are."""
        with connected(from_dsn(self.dsn), "oracle") as connection:
            while connection.run("SELECT count(*) FROM oracle") < [[count]]:
                self.resolve_prepared()  # a writer may wait for the locks of another one
                time.sleep(0.05)

    def step(self, number: int) -> None:
        match self.random.randint(0, 9):
            case 0 | 1 | 2:
                self.crash_during_a_poll()
            case 3:
                with suppress(*BROKEN), connected(from_dsn(self.dsn), "slot") as connection:
                    connection.run(
                        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots"
                        " WHERE database = current_database() AND NOT active"
                    )
            case 4:
                with pytest.MonkeyPatch.context() as patch:
                    patch.setattr(log_capture.LogCapture, "committed", lambda *_: None)
                    self.poll()
            case _:
                self.poll()

    def crash_during_a_poll(self) -> None:
        self.crashes += 1
        crashes = Timer(self.random.random() / 8, crash, [self.server])
        crashes.start()
        self.poll()
        crashes.join()

    def change(self, key: int) -> None:
        with connected(from_dsn(self.dsn), "writer") as connection:
            connection.run("SELECT change(:key, false)", key=key)

    def poll(self) -> None:
        with suppress(*BROKEN), connected(from_dsn(self.dsn), "poll") as connection:
            options = PollOptions(capture=CaptureOptions("log"))
            poll(connection, SOURCE, self.lake, RecordingBus(), new_run(), options)

    def resolve_prepared(self) -> None:
        with connected(from_dsn(self.dsn), "resolver") as connection:
            for [name] in connection.run("SELECT gid FROM pg_prepared_xacts"):
                end = self.random.choice(["COMMIT", "ROLLBACK"])
                with suppress(DatabaseError):  # its writer may end it meanwhile
                    connection.run(Sql(f"{end} PREPARED '{name}'"))

    def oracle(self) -> dict[int, list[Version]]:
        """Return the versions of each key: the last state of each transaction that changed it."""
        with connected(from_dsn(self.dsn), "oracle") as connection:
            rows = connection.run("SELECT id, version, op, xid FROM oracle ORDER BY id, version")
        last: dict[tuple[int, int], tuple[int, str]] = {}
        for key, version, op, xid in rows:
            last[key, xid] = version, op  # keeps the place of the first, and the last state
        versions, present = defaultdict[int, list[Version]](list), set[int]()
        for (key, xid), (version, op) in last.items():
            if op == "D" and key in present:
                versions[key].append(Version("D", None, xid))
                present.discard(key)
            elif op == "S":
                versions[key].append(Version("U" if key in present else "I", version, xid))
                present.add(key)
        return versions

    def check(self) -> int:
        """Compare what landed with the oracle, and return the number of committed versions."""
        oracle = self.oracle()
        at, is_certain = defaultdict[int, int](int), defaultdict[int, bool](lambda: True)
        for batch in self.lake.batches.after(0):
            is_captured = batch.seq > 1 and not batch.gaps
            TALLY.add_gaps(batch.gaps)
            landed = self.landed(batch)
            TALLY.batches += is_captured
            TALLY.versions += sum(map(len, landed.values())) if is_captured else 0
            if not is_captured:
                is_certain.clear()
                is_certain.update(dict.fromkeys(range(KEYS), False))
            for key, versions in landed.items():
                self.match(oracle[key], versions, key, at, is_certain, is_captured)
            self.check_transactions(batch, oracle)
        for key, known in oracle.items():
            assert at[key] == len(known) or not is_certain[key], (key, known[at[key] :])
        return sum(map(len, oracle.values()))

    def match(
        self,
        oracle: list[Version],
        landed: list[tuple[str, int | None]],
        key: int,
        at: dict[int, int],
        is_certain: dict[int, bool],
        is_captured: bool,
    ) -> None:
        """Move the place of the key behind its landed versions: directly, or after a gap to where
        they are found. A deletion has no version, so that its place is not certain after a gap."""
        expected = [(v.op, v.version) for v in oracle]
        begin, count = at[key], len(landed)
        if not is_captured:  # the difference: one state, whatever operation led to it
            [(_, version)] = landed
            places = [p for p in range(begin, len(oracle)) if oracle[p].version == version]
        else:
            possible = [begin] if is_certain[key] else range(begin, len(oracle))
            places = [p for p in possible if expected[p : p + count] == landed]
        assert places, (key, landed, expected[begin:])
        at[key] = places[0] + (count if is_captured else 1)
        is_certain[key] |= any(version is not None for _, version in landed)
        is_certain[key] &= is_captured or landed[-1][1] is not None

    def check_transactions(self, batch: Batch, oracle: dict[int, list[Version]]) -> None:
        """Check that a number within the batch is one transaction, in every row that shows it."""
        known = {(key, v.version): v.xid for key, vs in oracle.items() for v in vs if v.version}
        numbers = defaultdict[int, set[int]](set)
        for row in self.rows(batch):
            if row["op"] != "D" and row["changed_at"]:
                numbers[row["change_seq"]].add(known[row["id"], row["version"]])
        assert all(len(xids) == 1 for xids in numbers.values())
        assert len({xid for xids in numbers.values() for xid in xids}) == len(numbers)

    def landed(self, batch: Batch) -> dict[int, list[tuple[str, int | None]]]:
        found = defaultdict[int, list[tuple[str, int | None]]](list)
        for row in sorted(self.rows(batch), key=lambda row: row["change_seq"]):
            found[row["id"]].append((row["op"], None if row["op"] == "D" else row["version"]))
        return found

    def rows(self, batch: Batch) -> list[dict[str, Any]]:
        keys = [changes.file.key for changes in batch.tables.values()]
        return [row for key in keys for row in self._read(key)]

    def mirror(self) -> dict[int, int]:
        head = self.lake.batches.head()
        assert head
        keys = [bucket.key for buckets in head.mirror.values() for bucket in buckets.values()]
        return {row["id"]: row["version"] for key in keys for row in self._read(key)}

    def _read(self, key: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(
            pa.BufferReader(self.lake.ingestion.get(key))
        ).to_pylist()
        return rows


@contextmanager
def database(server: Server, name: str) -> Iterator[str]:
    server.create_database(name)
    try:
        with connected(from_dsn(server.dsn(name)), "tests") as connection:
            connection.run(SCHEMA)
        yield server.dsn(name)
    finally:
        server.drop_database(name)


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_no_version_is_missed_or_doubled_in_crashes(crashing: Server, seed: int, tmp_path: Path):
    lake = open_lake(f"file://{tmp_path}/i", f"file://{tmp_path}/p")
    with database(crashing, f"crashes_{seed}") as dsn:
        history = History(crashing, dsn, lake, seed)
        history.run()
        with connected(from_dsn(dsn), "tests") as connection:
            source = dict(connection.run("SELECT id, version FROM thing"))
        assert history.mirror() == source
        assert history.check() > 10
    TALLY.histories, TALLY.crashes = TALLY.histories + 1, TALLY.crashes + history.crashes
    print(TALLY)


def test_restart_of_the_server_is_no_gap(crashing: Server, tmp_path: Path):
    lake = open_lake(f"file://{tmp_path}/i", f"file://{tmp_path}/p")
    with database(crashing, "restarted") as dsn:
        history = History(crashing, dsn, lake, 0)
        history.change(1)
        history.poll()
        history.change(1)
        crash(crashing, mode="fast")
        history.change(1)
        history.poll()
        batches = list(lake.batches.after(1))
        assert [history.landed(batch) for batch in batches] == [{1: [("U", 2), ("U", 3)]}]
        assert [batch.gaps for batch in batches] == [()]


def test_commit_that_waits_for_a_standby_belongs_to_the_batch_that_sees_it(
    crashing: Server, tmp_path: Path
):
    lake = open_lake(f"file://{tmp_path}/i", f"file://{tmp_path}/p")
    with database(crashing, "waiting") as dsn, connected(from_dsn(dsn), "tests") as local:
        local.run(
            "SET synchronous_commit TO local; SELECT change(1, false); SELECT change(2, false)"
        )
        history = History(crashing, dsn, lake, 0)
        history.poll()
        local.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        local.run("SELECT pg_reload_conf()")
        wait_for_standbys(local, dsn)
        with connected(from_dsn(dsn), "waits") as waiting:
            waits = Thread(target=waiting.run, args=("SELECT change(1, false)",))
            waits.start()
            wait_until(local, WAITING)
            local.run("SELECT change(2, false)")
            history.poll()
            local.run("ALTER SYSTEM RESET synchronous_standby_names")
            local.run("SELECT pg_reload_conf()")
            waits.join()
        local.run("SELECT change(1, false)")
        history.poll()
    batches = list(lake.batches.after(1))
    assert [history.landed(batch) for batch in batches] == [
        {2: [("U", 2)]},
        {1: [("U", 2), ("U", 3)]},
    ]
    assert [batch.gaps for batch in batches] == [(), ()]


def wait_for_standbys(local: Connection, dsn: str) -> None:
    """Wait until commits wait for a standby: the checkpointer reads the setting by and by."""
    with connected(from_dsn(dsn), "probe") as probe, ThreadPoolExecutor(1) as thread:
        commits = thread.submit(commit_until_one_waits, probe)
        wait_until(local, WAITING)
        cancel = "SELECT pg_cancel_backend({pid})"
        local.run(render(cancel, pid=probe.pid))  # the wait; the transaction is committed
        commits.result()


def commit_until_one_waits(connection: Connection) -> None:
    """Commit transactions that change no row, until one ends with a warning: its wait was ended."""
    while not connection.notices:
        connection.run("SELECT pg_logical_emit_message(true, '', '')")
