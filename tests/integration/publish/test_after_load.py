"""After a load: a failed publication fails nothing, is seen, and is repeated until it succeeds."""

from typing import Any

import pytest
from pyiceberg.exceptions import ServerError, ValidationException

from embedded import platform
from embedded.platform import Platform
from lake import LakeUnavailable
from lake.attempts import PUBLISH
from lake.publishing import is_due, lags
from operations.health import health
from publish import after_load, publisher
from publish.after_load import publish_after_load
from publish.data_files import data_files
from publish.errors import OutdatedFile
from publish.local_catalog import LocalCatalog
from tests.published import LoggedLake


def after(logged: LoggedLake) -> str:
    return publish_after_load(logged.lake, LocalCatalog(logged.lake))


def is_published(logged: LoggedLake) -> bool:
    return logged.publish().commits == 0


def test_tables_lag_from_a_load_until_its_batches_are_published(logged: LoggedLake):
    assert not lags(logged.lake)
    logged.add([1], load=False)
    assert not lags(logged.lake)
    logged.load(1)
    assert lags(logged.lake)
    after(logged)
    assert not lags(logged.lake)
    logged.retry([5])
    assert lags(logged.lake)
    after(logged)
    assert not lags(logged.lake)
    assert is_published(logged)


def test_tables_that_were_dropped_lag(logged: LoggedLake):
    logged.add([1])
    after(logged)
    LocalCatalog(logged.lake).forget()
    assert lags(logged.lake)
    after(logged)
    assert not lags(logged.lake)
    assert is_published(logged)


def test_refused_file_is_tried_again_only_after_another_load(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise OutdatedFile("A file has no field ids.")

    monkeypatch.setattr(after_load, "publish", refuse)
    logged.add([1])
    assert is_due(logged.lake)
    after(logged)
    assert lags(logged.lake)
    assert not is_due(logged.lake)
    logged.add([2])
    assert is_due(logged.lake)


def test_failed_publication_fails_nothing_and_is_a_warning_until_one_succeeds(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise LakeUnavailable("The disk is full.")

    logged.add([1])
    with monkeypatch.context() as broken:
        broken.setattr(after_load, "publish", fail)
        assert after(logged) == "The disk is full."
    assert lags(logged.lake)
    [warning] = [alarm for alarm in health(logged.lake).alarms if alarm.name == "publishing"]
    assert warning.state == "warning"
    assert "LakeUnavailable" in warning.reason
    after(logged)
    assert not lags(logged.lake)
    assert "publishing" not in {alarm.name for alarm in health(logged.lake).alarms}
    last = logged.lake.attempts.last(PUBLISH)
    assert last
    assert last.outcome == "succeeded"


def test_defect_is_recorded_and_leaves_to_the_entry(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: object) -> None:
        raise ValueError("a defect")

    logged.add([1])
    monkeypatch.setattr(after_load, "publish", fail)
    with pytest.raises(ValueError, match="a defect"):
        after(logged)
    last = logged.lake.attempts.last(PUBLISH)
    assert last
    assert last.error == "ValueError"


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (ServerError("503"), "ServerError: 503"),
        (ValidationException("no such file"), "ValidationException: no such file"),
    ],
)
def test_error_of_pyiceberg_fails_nothing_and_is_named(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch, error: Exception, named: str
):
    def fail(*_: object) -> None:
        raise error

    logged.add([1])
    monkeypatch.setattr(publisher, "add_files", fail)
    assert named in after(logged)
    last = logged.lake.attempts.last(PUBLISH)
    assert last
    assert last.error == "PublishFailed"


def test_damaged_file_fails_nothing_and_is_named(logged: LoggedLake):
    logged.add([1])
    [damaged, *_] = sorted(logged.root.rglob("g=1/**/*.parquet"))
    damaged.write_bytes(b"not a Parquet file")
    assert f"{damaged} cannot be read as a Parquet file" in after(logged)


def test_failed_publication_is_continued_where_it_ended(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    """Otherwise each cycle of a lake with a refused file would read all of its logs."""
    for number in range(1, 4):
        logged.add([number])

    def fail(files: Any, metadata: Any, columns: Any, addresses: list[str]) -> Any:
        if any("/g=1/" in address for address in addresses):
            raise LakeUnavailable("The disk is full.")
        return data_files(files, metadata, columns, addresses)

    with monkeypatch.context() as broken:
        broken.setattr(publisher, "data_files", fail)
        assert after(logged) == "The disk is full."
    hint = logged.lake.published.head()
    assert hint
    assert hint.through == {"batches": 3, "dimensions": 3, "facts": 0, "retries": 0}
    after(logged)
    assert is_published(logged)


def test_lake_that_is_far_behind_is_published_by_several_cycles(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    for number in range(1, 4):
        logged.add([number])
    monkeypatch.setattr(publisher, "MOST_ENTRIES", 1)
    monkeypatch.setattr(platform, "PUBLISHING", 0)
    cycle = Platform(logged.root)
    cycle.publish()
    assert lags(logged.lake)
    monkeypatch.undo()
    cycle.publish()
    assert not lags(logged.lake)
    assert is_published(logged)
