"""A clock that is set back: Iceberg's Java library refuses a table whose times go back by more than
a minute."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from types import SimpleNamespace
from typing import Self

import pytest
from pyiceberg.table import snapshots, update

import contracts
from contracts.observation import stored_columns
from publish import levels
from tests.published import DIMENSION, FACT, SOURCE, LoggedLake

BACK = timedelta(minutes=10)


@pytest.fixture
def set_back(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function that sets pyiceberg's clock back."""

    class Earlier(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) - BACK

    def set_back() -> None:
        clock = SimpleNamespace(time=lambda: time.time() - BACK.total_seconds())
        monkeypatch.setattr(snapshots, "time", clock)
        monkeypatch.setattr(update, "datetime", Earlier)

    return set_back


def times(logged: LoggedLake, name: str) -> list[int]:
    """Return the times of a table in their order: of its metadata, and of its snapshots."""
    found = logged.table(name).metadata
    versions = [entry.timestamp_ms for entry in found.metadata_log]
    logged_at = [entry.timestamp_ms for entry in found.snapshot_log]
    assert logged_at == sorted(logged_at)
    assert [snapshot.timestamp_ms for snapshot in found.snapshots] == logged_at
    assert logged_at[-1] <= found.last_updated_ms
    return [*versions, found.last_updated_ms]


def test_times_of_a_table_never_go_back(
    logged: LoggedLake, set_back: Callable[[], None], monkeypatch: pytest.MonkeyPatch
):
    """In a publication, a compaction, and a change of columns, after the clock was set back."""
    monkeypatch.setattr(levels, "FAN", 3)
    for number in (1, 2):
        logged.add([number], staff=[number])
        logged.publish()
    set_back()
    logged.add([3], staff=[3])
    assert logged.compact().written == 3
    logged.add([4])
    logged.publish()
    staff = contracts.warehouse().tables[DIMENSION]
    stored = stored_columns(staff)
    text = contracts.Type("text")
    added = contracts.Column("nickname", text, True, "A name.", field_id=len(stored) + 1)
    wider = (*stored, added)
    monkeypatch.setattr(
        "publish.tables.stored_columns", lambda t: wider if t == staff else stored_columns(t)
    )
    logged.add([5], staff=[5])
    logged.publish()
    for name in (SOURCE, FACT, DIMENSION):
        found = times(logged, name)
        assert len(found) >= 5
        assert found == sorted(set(found)), name
