"""The files of a lake after an erasure."""

import errno
import os
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lake.directory import UNFINISHED
from lake.erasures import unfinished
from lake.local import open_local_lake
from operations import personal_rows
from operations.erasure import erase
from operations.personal_rows import UnreadableFile, parts_of
from operations.status import status
from operations.terminal import show_status
from operations.warehouse_state import NOT_ASKED
from tests.lake_builder import LakeBuilder, row

READ_BY_ALL = 0o644


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Create a lake with a person in two batches; the second has the erased name."""
    built = LakeBuilder(tmp_path / "lake")
    built.insert(staff=[row("staff", 1, first_name="Zebediah")])
    built.update(staff=[row("staff", 1, first_name="erased")])
    return built.directory


def files(lake: Path) -> dict[Path, bytes]:
    """Return all files of the lake, except for the log of erasures."""
    paths = (path for path in lake.rglob("*") if "_erasures" not in path.parts)
    return {path: path.read_bytes() for path in paths if path.is_file()}


def test_files_of_a_killed_writer_are_rewritten(lake: Path):
    names = (
        "dim_staff/batch=1-killed/part-0.parquet",
        "dim_staff/batch=1-killed/_temporary/0/p.parquet",
    )
    staff = pa.table({"staff_id": [1, 2], "first_name": ["Zebediah", "Ana"], "last_name": ["", ""]})
    staff = staff.append_column("email_address", pa.array(["", ""]))
    for name in names:
        path = lake / "processed/g=1" / name
        path.parent.mkdir(parents=True)
        pq.write_table(staff, path)
    magic = lake / "processed/g=1/dim_staff/batch=1-killed/__magic_job-1"
    magic.mkdir()
    (magic / "part-0.parquet.pending").write_text("{}")
    (magic / "part-0.parquet").touch()  # its rows are in an upload
    erased = erase(lake, "staff", 1)
    assert set(erased.processed) == {f"g=1/{name}" for name in names}
    for name in names:
        rewritten = pq.read_table(lake / "processed/g=1" / name)
        assert rewritten["first_name"].to_pylist() == ["erased", "Ana"]


def test_a_file_that_cannot_be_read_is_named_and_may_be_removed(lake: Path):
    """A build that was killed while it wrote a large file leaves a part of it."""
    part = lake / "processed/g=1/dim_staff/batch=1-killed/_temporary/0/p.parquet"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"PAR1 Zebediah")
    with pytest.raises(UnreadableFile, match=f"{part}.*remove it"):
        erase(lake, "staff", 1)
    part.unlink()
    erase(lake, "staff", 1)
    assert not unfinished(open_local_lake(lake).erasures.after(0))


def test_unfinished_files_of_killed_writers_are_removed(lake: Path):
    """They have rows of people, in no known form. A running writer keeps its file."""
    folders = [lake / store / UNFINISHED for store in ("ingestion", "processed")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "killed").write_bytes(b"a part of a file")
        os.utime(folder / "killed", (1, 1))
        (folder / "running").write_bytes(b"")
    erase(lake, "staff", 1)
    assert [[path.name for path in folder.iterdir()] for folder in folders] == [["running"]] * 2


def test_temporary_file_is_where_the_next_erasure_removes_it(
    lake: Path, monkeypatch: pytest.MonkeyPatch
):
    def note(_: Path, new: Path) -> None:
        folders.add(new.parent)

    folders = set[Path]()
    monkeypatch.setattr("operations.personal_rows.shutil.copymode", note)
    erase(lake, "staff", 1)
    assert folders == {lake / "ingestion" / UNFINISHED}


def test_object_that_its_writer_removes_meanwhile_is_no_failure(
    lake: Path, monkeypatch: pytest.MonkeyPatch
):
    """As a compaction does with the file that it must not commit."""
    discarded = lake / "processed/_compacted/ingestion/staff/compaction=1-a/00000.parquet"
    [first, _] = sorted((lake / "ingestion" / "totesys").rglob("*.parquet"))
    discarded.parent.mkdir(parents=True)
    discarded.write_bytes(first.read_bytes())

    def removed_meanwhile(file: Path) -> Iterator[pa.RecordBatch]:
        discarded.unlink(missing_ok=True)
        return parts_of(file)

    monkeypatch.setattr(personal_rows, "parts_of", removed_meanwhile)
    assert erase(lake, "staff", 1).processed == ()


@pytest.mark.parametrize("mode", [READ_BY_ALL, 0o640, 0o444])
def test_rewritten_object_keeps_its_permissions(lake: Path, mode: int):
    for path in files(lake):
        path.chmod(mode)
    erased = erase(lake, "staff", 1)
    assert len(erased.ingestion) == 2
    assert {path.stat().st_mode & 0o777 for path in files(lake)} == {mode}


def test_last_transaction_of_a_batch_has_the_values_that_replace_all_others(tmp_path: Path):
    built = LakeBuilder(tmp_path / "lake", without_order=True)
    built.insert(staff=[row("staff", 1, first_name="Zebediah")])
    built.without_order = False
    changes = [("Last", 7), ("First", 0), ("Second", 3)]
    built.update(staff=[row("staff", 1, first_name=name, change_seq=n) for name, n in changes])
    erase(built.directory, "staff", 1)
    names = {
        name
        for path in (built.directory / "ingestion" / "totesys").rglob("*.parquet")
        for name in pq.ParquetFile(path).read()["first_name"].to_pylist()
    }
    assert names == {"Last"}


def test_full_disk_leaves_every_object_unchanged_and_no_temporary_file(
    lake: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The erasure has not ended: `status` names it, until the same command runs again."""

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = files(lake)
    monkeypatch.setattr("operations.personal_rows.os", SimpleNamespace(fsync=full))
    with pytest.raises(OSError, match="No space left"):
        erase(lake, "staff", 1)
    assert files(lake) == before
    found = status(open_local_lake(lake), NOT_ASKED)
    [named] = found.report()["erasures"]
    assert (named["table"], named["key"]) == ("staff", 1)
    show_status(found)
    shown = " ".join(capsys.readouterr().out.split())
    assert "The erasure of staff 1, begun " in shown
    assert "has not ended. If it does not run any more, run the same erase command again." in shown
    monkeypatch.undo()
    erase(lake, "staff", 1)
    assert not status(open_local_lake(lake), NOT_ASKED).erasures


MANY = 300_000
MEGABYTE = 1 << 20


def test_large_compacted_file_is_erased_in_little_memory(lake: Path):
    """Its rows are 27 MB in Arrow, and 270 MB as objects of Python."""
    path = lake / "processed/_compacted/ingestion/staff/compaction=1-a/00000.parquet"
    path.parent.mkdir(parents=True)
    [first, _] = sorted((lake / "ingestion" / "totesys").rglob("*.parquet"))
    one = pq.ParquetFile(first).read()
    people = pa.table({**{name: one[name].take([0] * MANY) for name in one.column_names}})
    keys = pa.array(range(1, MANY + 1), people["staff_id"].type)
    number = people.schema.get_field_index("staff_id")
    pq.write_table(people.set_column(number, one.schema.field("staff_id"), keys), path)
    before, usual = pq.ParquetFile(path).read(), pa.default_memory_pool()
    measured = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(measured)
    tracemalloc.start()
    try:
        assert erase(lake, "staff", 1).rows == 3
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
    assert peak + measured.max_memory() < 30 * MEGABYTE
    after = pq.ParquetFile(path).read()
    assert after.schema.equals(before.schema)
    assert after.slice(0, 1)["first_name"].to_pylist() == ["erased"]
    assert after.slice(1).equals(before.slice(1))


def test_versions_without_a_column_that_the_contract_added_are_erased(lake: Path):
    [first, _] = sorted((lake / "ingestion" / "totesys").rglob("*.parquet"))
    pq.write_table(pq.ParquetFile(first).read().drop_columns("email_address"), first)
    assert erase(lake, "staff", 1).rows == 2
    assert pq.ParquetFile(first).read()["first_name"].to_pylist() == ["erased"]
