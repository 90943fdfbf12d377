"""A source, an empty lake, and polls between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda.capture.options import METHODS, CaptureOptions, method
from ingestion_lambda.options import PollOptions
from ingestion_lambda.poll import Polled, poll
from ingestion_lambda.source import snapshot
from lake import Lake, new_run, now, open_lake
from lake.entries import LoadEntry
from lake.mirror_map import mirror_map
from postgres import Address, Sql, connected, from_dsn, names, render
from totesys.simulator import Simulator


@dataclass
class RecordingBus:
    """A bus that records its events."""

    events: list[dict[str, Any]] = field(default_factory=list)
    runs: bool = False

    def publish(self, event: dict[str, Any]) -> None:
        self.events.append(event)

    def workflow_runs(self) -> bool:
        return self.runs


@dataclass
class Pipeline:
    """Polls of one source into one lake."""

    address: Address
    lake: Lake
    folder: Path
    bus: RecordingBus = field(default_factory=RecordingBus)
    pause: timedelta = timedelta()
    capture: CaptureOptions = field(default_factory=CaptureOptions)

    def poll(self, **options: Any) -> Polled:
        with connected(self.address, "poll") as connection:
            return self.poll_through(connection, **options)

    def poll_through(self, connection: Connection, **options: Any) -> Polled:
        source, run = contracts.source(), new_run()
        chosen = PollOptions(**{"capture": self.capture, **options})
        return poll(connection, source, self.lake, self.bus, run, chosen, pause=self.pause)

    def landed(self, table: str) -> list[dict[str, Any]]:
        """Return every landed row of a table, oldest batch first."""
        entries = [entry for entry in self.lake.batches.after(0) if table in entry.tables]
        return [row for e in entries for row in self._rows(e.tables[table].file.key)]

    def mirrored(self, table: str) -> list[dict[str, Any]]:
        """Return the mirrored rows of a table in key order."""
        buckets = mirror_map(self.lake.ingestion, self.lake.batches.head(), table).buckets
        return [row for number in sorted(buckets) for row in self._rows(buckets[number].key)]

    def load(self, ago: timedelta = timedelta()) -> None:
        """Record in the load log that the warehouse has had every batch since ``ago``."""
        for entry in self.lake.batches.after(self.lake.loads.last_batch()):
            self.lake.loads.commit(LoadEntry(entry.seq, new_run(), now() - ago))

    def _rows(self, key: str) -> list[dict[str, Any]]:
        body = self.lake.ingestion.get(key)
        rows: list[dict[str, Any]] = pq.read_table(pa.BufferReader(body)).to_pylist()
        return rows


both_ways = pytest.mark.parametrize("pipeline", METHODS, indirect=True)
"""Runs a test by difference, and by log, which must then have no gap."""


@pytest.fixture
def pipeline(
    request: pytest.FixtureRequest, seeded_source_dsn: str, tmp_path: Path
) -> Iterator[Pipeline]:
    lake = open_lake(f"file://{tmp_path}/ingestion", f"file://{tmp_path}/processed")
    pipeline = Pipeline(from_dsn(seeded_source_dsn), lake, tmp_path)
    if not hasattr(request, "param"):
        yield pipeline
        return
    with connected(pipeline.address, "owner") as owner:
        publish(owner)
    pipeline.capture = CaptureOptions(method(request.param))
    yield pipeline
    assert [gap for batch in lake.batches.after(1) for gap in batch.gaps] == []


def publish(source: Connection) -> None:
    """Create the publication as docs/deploy.md says."""
    tables = Sql(names(contracts.source().tables))
    source.run(render("CREATE PUBLICATION warehouse FOR TABLE {tables}", tables=tables))


@pytest.fixture
def source(pipeline: Pipeline) -> Iterator[Connection]:
    """A session that writes to the source."""
    with connected(pipeline.address, "writer") as connection:
        yield connection


@pytest.fixture
def simulator(source: Connection) -> Simulator:
    return Simulator(source)


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon on the source's clock: no test passes midnight, when an audit is due."""
    now = datetime.now(UTC)
    later(monkeypatch, now.replace(hour=12) - now)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    clock = "clock_timestamp()"
    shifted = f"({clock} + interval '{by.total_seconds()} s')"
    monkeypatch.setattr(snapshot, "SNAPSHOT", snapshot.SNAPSHOT.replace(clock, shifted))


Row = tuple[Any, ...]


def source_rows(source: Connection, table: str) -> list[Row]:
    rows = source.run(render("SELECT * FROM {table} ORDER BY 1", table=table))
    names = [column["name"] for column in source.columns]
    columns = contracts.source().tables[table].column_names
    return [tuple(dict(zip(names, row, strict=True))[column] for column in columns) for row in rows]


def mirrored_rows(pipeline: Pipeline, table: str) -> list[Row]:
    columns = contracts.source().tables[table].column_names
    return [tuple(row[column] for column in columns) for row in pipeline.mirrored(table)]
