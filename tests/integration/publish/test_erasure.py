"""An erasure that is killed at any step, while batches are loaded, retried, replayed and published:
the same command ends it, no value is left, and the tables have the rows of the logs."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lake import compacted_files
from lake.erasures import unfinished
from lake.log import Log
from operations import erasure
from operations.erasure import erase
from publish import levels
from publish.errors import ErasureUnfinished
from publish.local_catalog import LocalCatalog
from tests.lake_builder import LakeBuilder, row
from tests.published import DIMENSION, LoggedLake

STAFF = "staff"
STEPS = {
    "the first file": (erasure, "replace_values", 0),
    "a file between": (erasure, "replace_values", 5),
    "a later file": (erasure, "replace_values", 10),
    "the tables": (LocalCatalog, "forget", 0),
    "the end": (Log, "commit", 1),
}
"""What is killed, and how many of its calls succeed before."""


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoggedLake:
    """Return a lake with compacted files that have the name of a person."""
    monkeypatch.setattr(levels, "FAN", 3)
    monkeypatch.setattr(compacted_files, "MANY", 1)
    built, logged = LakeBuilder(tmp_path), LoggedLake(tmp_path)
    for number in range(1, 5):
        name = "Zebediah" if number < 4 else "erased"
        built.update(staff=[row(STAFF, 1, first_name=name, last_name=str(number))])
        logged.build(number, [], [1, 2])
        if number == 3:
            logged.compact()
    return logged


def names(logged: LoggedLake, table: str) -> set[str]:
    """Return the first names of the person in a published table."""
    rows = logged.table(table).scan(selected_fields=("staff_id", "first_name")).to_arrow()
    return {row["first_name"] for row in rows.to_pylist() if row["staff_id"] == 1}


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that kills the next erasure at a step."""

    def killed(*_: Any) -> Any:
        raise Killed

    def kill_at(step: str) -> None:
        of, name, done = STEPS[step]
        calls = iter([getattr(of, name)] * done)

        def call(*given: Any) -> Any:
            return next(calls, killed)(*given)

        monkeypatch.setattr(of, name, call)

    return kill_at


@pytest.mark.parametrize("step", STEPS)
def test_killed_erasure_is_ended_by_the_same_command_whatever_runs_meanwhile(
    logged: LoggedLake, kill_at: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, step: str
):
    with monkeypatch.context():
        kill_at(step)
        with pytest.raises(Killed):
            erase(logged.root, STAFF, 1)
    monkeypatch.undo()
    monkeypatch.setattr(levels, "FAN", 3)
    assert unfinished(logged.lake.erasures.after(0))
    logged.publish()
    logged.retry([100])
    following = logged.replayed()
    following.publish()
    with pytest.raises(ErasureUnfinished):
        logged.compact()
    erase(logged.root, STAFF, 1)
    assert not unfinished(logged.lake.erasures.after(0))
    logged.compact()
    following.publish()
    assert names(logged, STAFF) == names(logged, DIMENSION) == names(following, DIMENSION)
    assert names(logged, STAFF) == {"erased"}
    assert sum(1 for _ in personal(logged.root)) == 0


def personal(root: Path) -> Iterator[Path]:
    """Yield the objects that have the name."""
    for path in root.rglob("*.parquet"):
        if "Zebediah" in repr(pq.ParquetFile(path).read().to_pylist()):
            yield path
    for path in root.rglob("*.avro"):
        if b"Zebediah" in path.read_bytes():
            yield path
