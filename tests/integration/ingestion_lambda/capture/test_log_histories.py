"""The random histories of a source, captured by log: every committed version lands once.

The model lists each committed transaction. Outside gaps a poll must land all of them, in their
order; within a gap the difference. Where the log does not explain some rows, each row has all its
versions or its difference. Slots vanish or are moved, polls die, and lakes change between
the two ways of capture.
"""

import logging
from collections import defaultdict
from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from ingestion_lambda.capture import log_capture, preparation
from ingestion_lambda.capture.captured import UNEXPLAINED
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.options import PollOptions
from ingestion_lambda.poll import Polled, poll
from ingestion_lambda.source import scope
from ingestion_lambda.source.log import slot
from ingestion_lambda.source.log.access import SlotAccess
from lake import new_run
from lake.errors import LakeUnavailable
from lake.log import Log
from postgres import render, value
from tests.integration.ingestion_lambda.capture.conftest import Tally
from tests.integration.ingestion_lambda.conftest import RecordingBus
from tests.integration.ingestion_lambda.test_histories import (
    TABLES,
    History,
    Row,
    Rows,
    Write,
    differences,
    keys,
    run_histories,
    sessions,
    tables,
    writes,
)

pytestmark = pytest.mark.lambda_runtime

Versions = dict[tuple[str, int], tuple[str, Row]]
STEPS, TALLY = 8, Tally()
LARGE = "".join(sha256(b"%d" % n).hexdigest() for n in range(64))
"""A value that is stored apart from its row (TOAST), and that the log does not repeat."""
SLOT_OF = "SELECT slot_name FROM pg_replication_slots WHERE slot_name = {slot} AND NOT active"


class Heard(logging.Handler):
    """Keeps the warnings of a poll: each is a doubt about the log."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.warnings.append(record.getMessage())


class LogHistory(History):
    @initialize()
    def begin(self) -> None:
        super().begin()
        parts: dict[str, Any] = {"name": self.name}
        parts |= {table: table for table in TABLES}
        statement = "CREATE PUBLICATION {name} FOR TABLE {name}.{thing}, {name}.{other}"
        self.poller.run(render(statement, **parts))
        self.slot = f"slot_{self.name}"
        self.options = CaptureOptions("log", self.name, self.slot)
        self.transactions: list[Versions] = []
        self.seq, self.doubts = 0, list[str]()
        TALLY.histories += 1
        self.write(0, [(("thing", 1), ("", 1))])
        self.poll()  # from here on the log is read

    @rule(table=tables)
    @precondition(lambda self: not self.locked and not any(s.is_open for s in self.sessions))
    def truncate(self, table: str) -> None:
        self._maintain("TRUNCATE {schema}.{table}", table)
        self._commit({k: None for k in self.committed if k[0] == table})

    @rule(table=tables, key=keys, to=keys, returns=st.booleans())
    @precondition(lambda self: not self.locked and not any(s.is_open for s in self.sessions))
    def move_large_row(self, table: str, key: int, to: int, returns: bool) -> None:
        """Change the key of a row, then change it back or delete the row."""
        if key == to or (table, to) in self.committed:
            return
        self.write(0, [((table, key), (LARGE, 1))])
        self.poll()
        self._move(table, key, to)
        if returns:
            self._move(table, to, key)
        else:
            self.write(0, [((table, to), None)])
        self.poll()

    @rule()
    def drop_slot(self) -> None:
        for [name] in self.poller.run(render(SLOT_OF, slot=value(self.slot))):
            slot.drop_slot(self.poller, SlotAccess(name, self.name))

    @rule()
    def move_slot(self) -> None:
        for [name] in self.poller.run(render(SLOT_OF, slot=value(self.slot))):
            advance = "SELECT pg_replication_slot_advance({slot}, pg_current_wal_lsn())"
            self.poller.run(render(advance, slot=value(name)))

    @rule()
    def poll_by_difference(self) -> None:
        self._check(self._polled(CaptureOptions()), is_captured=False)

    @rule()
    def poll_that_dies_before_the_slot_moves(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(log_capture.LogCapture, "committed", lambda *_: None)
            self.poll()

    @rule()
    def poll_that_dies_before_its_commit(self) -> None:
        def fail(*_: object) -> None:
            raise LakeUnavailable("as if the poll had died")

        with pytest.MonkeyPatch.context() as patch, suppress(LakeUnavailable):
            patch.setattr(Log, "commit", fail)
            self._polled(self.options)

    @rule()
    def poll(self) -> None:
        self._check(self._polled(self.options), is_captured=True)

    @rule(session=sessions, edits=st.lists(writes, min_size=2, max_size=4))
    def write_often_and_poll(self, session: int, edits: list[list[Write]]) -> None:
        for edit in edits:
            self.write(session, edit)
        self.poll()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "slot"):
            self.drop_slot()
            self.poller.run(render("DROP PUBLICATION {name}", name=self.name))

    def _polled(self, capture: CaptureOptions) -> Polled:
        options = PollOptions(capture=capture)
        run, bus, log = new_run(), RecordingBus(), logging.getLogger("ingestion_lambda.capture")
        heard = Heard()
        log.addHandler(heard)
        try:
            return poll(self.poller, self.source, self.lake, bus, run, options)
        finally:
            log.removeHandler(heard)
            self.doubts = heard.warnings

    def _check(self, polled: Polled, is_captured: bool) -> None:
        head = self.lake.batches.head()
        if head is None or head.seq == self.seq:
            assert differences(self.polled, self.committed) == {}
            is_certain = head is not None and is_captured and not self.doubts
            assert not (is_certain and self.transactions)
            return
        reasons = {gap.reason for gap in head.gaps}
        is_captured &= head.seq > 1 and reasons <= {UNEXPLAINED}
        landed = self._transactions(head.seq) if polled.changes else []
        TALLY.add_gaps(head.gaps)
        if is_captured:
            self._check_versions(landed, is_explained=not reasons)
        else:
            expected = differences(self.polled, self.committed)
            assert landed == ([expected] if expected else [])
        assert self._mirrored() == self.committed
        self.polled, self.transactions, self.seq = dict(self.committed), [], head.seq

    def _check_versions(self, landed: list[Versions], is_explained: bool) -> None:
        if is_explained:
            assert landed == self.transactions
            TALLY.batches += 1
            TALLY.versions += sum(map(len, landed))
            return
        expected, found = by_key(self.transactions), by_key(landed)
        difference = by_key([differences(self.polled, self.committed)])
        for key in expected | found:
            assert found.get(key) in (expected.get(key), difference.get(key))

    def _move(self, table: str, key: int, to: int) -> None:
        move = render("UPDATE {table} SET id = {to} WHERE id = {key}", table=table, to=to, key=key)
        self.sessions[0].connection.run(move)
        self._commit({(table, key): None, (table, to): self.committed[table, key]})

    def _transactions(self, seq: int) -> list[Versions]:
        found: dict[int, Versions] = {}
        for name, changes in self.lake.batches.entry(seq).tables.items():
            for row in self._read(changes.file.key):
                version = row["op"], (row["word"], row["number"])
                of_change = found.setdefault(row["change_seq"], {})
                assert (name, row["id"]) not in of_change
                of_change[name, row["id"]] = version
        return [found[number] for number in sorted(found)]

    def _commit(self, changes: dict[tuple[str, int], Row | None]) -> None:
        before: Rows = dict(self.committed)
        super()._commit(changes)
        if changed := differences(before, self.committed):
            self.transactions.append(changed)


def by_key(transactions: list[Versions]) -> dict[tuple[str, int], list[tuple[str, Row]]]:
    """Return the versions of each row in their order."""
    found = defaultdict[tuple[str, int], list[tuple[str, Row]]](list)
    for versions in transactions:
        for key, version in versions.items():
            found[key].append(version)
    return found


@pytest.mark.timeout(1800)  # 200 random histories
def test_every_version_lands_once_whatever_happens_to_slots_and_polls(
    source_dsn: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(scope, "MARGIN", 0)
    for module in (slot, preparation):  # an open transaction of a history does not end meanwhile
        monkeypatch.setattr(module, "CREATE_TIMEOUT", 0.1)
    run_histories(LogHistory, source_dsn, STEPS)
    print(TALLY)
