"""A source whose owner published its tables, and polls that capture by log."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from pg8000.native import Connection

import contracts
from ingestion_lambda.capture.options import CaptureOptions
from ingestion_lambda.poll import Polled
from ingestion_lambda.source.log.slot import slot_name
from lake.entries import Batch, Gap
from postgres import render, value
from tests.integration.ingestion_lambda.conftest import (
    Pipeline,
    mirrored_rows,
    publish,
    source_rows,
)

Version = tuple[str, Any]


@dataclass
class Tally:
    """Counts of random histories, for the table that `pytest -s` prints."""

    histories: int = 0
    crashes: int = 0
    batches: int = 0
    versions: int = 0
    gaps: Counter[str] = field(default_factory=Counter)

    def add_gaps(self, gaps: Iterable[Gap]) -> None:
        self.gaps.update({re.sub(r"slot \w*\d\w*", "slot", gap.reason) for gap in gaps})

    def __str__(self) -> str:
        counts = f"{self.histories} histories, {self.crashes} crashes, {self.batches} batches by"
        reasons = "".join(f"\n{count:>8} {reason}" for reason, count in self.gaps.most_common())
        return f"{counts} log with {self.versions} versions, each once; gaps:{reasons}"


@dataclass
class Capture:
    """Polls by log of a pipeline."""

    pipeline: Pipeline
    source: Connection
    options: CaptureOptions = field(default_factory=lambda: CaptureOptions("log"))

    def poll(self, **options: Any) -> Polled:
        return self.pipeline.poll(capture=self.options, **options)

    @property
    def head(self) -> Batch:
        head = self.pipeline.lake.batches.head()
        assert head
        return head

    @property
    def gaps(self) -> tuple[Gap, ...]:
        return self.head.gaps

    @property
    def reasons(self) -> list[str]:
        return [gap.reason for gap in self.gaps]

    @property
    def slot(self) -> str:
        return slot_name(self.head.lake)

    def position(self) -> str:
        query = (
            "SELECT confirmed_flush_lsn::text FROM pg_replication_slots WHERE slot_name = {slot}"
        )
        [[position]] = self.source.run(render(query, slot=value(self.slot)))
        return str(position)

    def versions(self, table: str, column: str, since: int = 2) -> list[Version]:
        """Return operation and value of the versions of a table from batch ``since`` on."""
        rows = [r for r in self.pipeline.landed(table) if r["batch_seq"] >= since]
        rows.sort(key=lambda row: (row["batch_seq"], row["change_seq"]))
        return [(row["op"], row[column]) for row in rows]

    def check_state(self) -> None:
        for table in contracts.source().tables:
            assert mirrored_rows(self.pipeline, table) == source_rows(self.source, table)


@pytest.fixture
def capture(pipeline: Pipeline, source: Connection) -> Capture:
    """A lake whose first batch was captured by log."""
    publish(source)
    capture = Capture(pipeline, source)
    capture.poll()
    return capture
