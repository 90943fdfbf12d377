"""A clock that is set back: Iceberg's Java library refuses a table whose times go back by more than
a minute."""

from datetime import timedelta

import pytest

import contracts
from contracts.observation import stored_columns
from publish import levels
from tests.published import DIMENSION, FACT, SOURCE, LoggedLake, clock_set_back


def times(logged: LoggedLake, name: str) -> list[int]:
    """Return the times of a table in their order: of its metadata, and of its snapshots."""
    found = logged.table(name).metadata
    versions = [entry.timestamp_ms for entry in found.metadata_log]
    logged_at = [entry.timestamp_ms for entry in found.snapshot_log]
    assert logged_at == sorted(logged_at)
    assert [snapshot.timestamp_ms for snapshot in found.snapshots] == logged_at
    assert logged_at[-1] <= found.last_updated_ms
    return [*versions, found.last_updated_ms]


def test_times_of_a_table_never_go_back(logged: LoggedLake, monkeypatch: pytest.MonkeyPatch):
    """In a publication, a compaction, and a change of columns, after the clock was set back."""
    monkeypatch.setattr(levels, "FAN", 3)
    for number in (1, 2):
        logged.add([number], staff=[number])
        logged.publish()
    with clock_set_back(timedelta(minutes=10)):
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
