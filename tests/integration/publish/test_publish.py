"""Publishing: the tables have exactly the rows that the logs name, after any kill and any race."""

import json
import multiprocessing
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from time import time
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError

import contracts
from contracts.arrow import batch_schema
from contracts.observation import stored_columns
from embedded.cli import main
from lake import Lake, now
from lake.entries import BuildEntry, Entry, Output
from publish import commits, local_catalog, publisher
from publish.catalog import Conflict, commit
from publish.errors import OutdatedFile, PublishFailed, PublishRefused
from publish.local_catalog import LocalCatalog, SqliteCatalog
from publish.publisher import publish
from publish.schemas import METRICS, WITHOUT_BOUNDS
from publish.tables import files_of, published_tables
from tests.lake_builder import LakeBuilder, row
from tests.published import DIMENSION, FACT, SOURCE, START, LoggedLake, fact_of


def rows(logged: LoggedLake, name: str, *columns: str) -> Counter[tuple[Any, ...]]:
    found = logged.table(name).scan(selected_fields=columns).to_arrow()
    return Counter(tuple(row[c] for c in columns) for row in found.to_pylist())


def orders(logged: LoggedLake) -> Counter[tuple[Any, ...]]:
    return rows(logged, FACT, "sales_order_id", "batch_seq")


def test_loaded_batches_are_published_and_others_are_not(logged: LoggedLake):
    logged.add([1, 2], staff=[7])
    logged.add([1])
    logged.add([3], load=False)

    assert logged.publish().files == {
        f"ingestion.{SOURCE}": 2, f"processed_g1.{FACT}": 2, f"processed_g1.{DIMENSION}": 1,
    }  # fmt: skip
    assert orders(logged) == Counter({(1, 1): 1, (2, 1): 1, (1, 2): 1})
    assert rows(logged, SOURCE, "sales_order_id") == Counter({(1,): 2, (2,): 1})
    assert rows(logged, DIMENSION, "staff_id", "first_name") == Counter({(7, "Ada 1"): 1})

    assert logged.publish().commits == 0
    logged.load(3)
    logged.publish()
    assert orders(logged)[3, 3] == 1


def test_retries_are_published_once_with_their_own_tombstones(logged: LoggedLake):
    logged.add([1])
    logged.retry([5], deleted=[8])
    logged.publish()
    logged.retry([6], deleted=[9])
    logged.publish()
    assert logged.publish().commits == 0
    assert orders(logged) == Counter({(1, 1): 1, (5, 1): 1, (6, 1): 1})
    gone = rows(logged, fact_of(FACT).tombstones, "sales_order_id")
    assert gone == Counter({(8,): 1, (9,): 1})


class Killed(BaseException):
    """The publisher dies here."""


BATCHES = 12


@pytest.mark.parametrize("step", ["data_files", "_commit", "after the commit", "PublishEntry"])
def test_killed_publisher_leaves_nothing_doubled_and_nothing_missing(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch, step: str
):
    logged.add([1], staff=[1])
    logged.publish()
    logged.add([2], staff=[2])

    def die(*_: Any) -> None:
        raise Killed

    if step == "after the commit":
        monkeypatch.setattr(publisher._Publisher, "_note", die)
    else:
        monkeypatch.setattr(publisher, step, die)
    with pytest.raises(Killed):
        logged.publish()
    monkeypatch.undo()

    logged.publish()
    assert orders(logged) == Counter({(1, 1): 1, (2, 2): 1})
    assert rows(logged, DIMENSION, "staff_id") == Counter({(1,): 1, (2,): 1})


def test_commit_that_landed_and_was_reported_as_failed_is_not_repeated(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    logged.add([1])
    commit, reports = publisher._commit, iter([True])

    def reported_as_failed(*arguments: Any) -> None:
        commit(*arguments)
        if next(reports, False):
            raise Conflict("no answer")

    monkeypatch.setattr(publisher, "_commit", reported_as_failed)
    logged.publish()
    assert orders(logged) == Counter({(1, 1): 1})


def test_stale_publisher_moves_nothing_back(logged: LoggedLake):
    """One that loaded the table before another one committed is refused, and decides again."""
    logged.add([1])
    logged.publish()
    stale = logged.table(FACT)
    logged.add([2])
    logged.publish()
    [published] = [t for t in published_tables(1) if t.name == FACT]
    file = logged.lake.facts.entry(2).tables[FACT].files[0]
    with pytest.raises(Conflict) as refusal:
        publisher._commit(stale, published, [logged.lake.processed.uri(file)], {"through": "2"})
    assert isinstance(refusal.value.__cause__, CommitFailedException)
    assert orders(logged) == Counter({(1, 1): 1, (2, 2): 1})


def publish_until_the_last_batch(logged: LoggedLake) -> None:
    while logged.lake.loads.head_seq() < BATCHES:
        logged.publish()
    logged.publish()


def ends(publishers: list[BaseProcess]) -> list[int | None]:
    """Wait for publishers, and return their exit codes."""
    for each in publishers:
        each.join()
    return [each.exitcode for each in publishers]


def start(logged: LoggedLake) -> BaseProcess:
    """Start a publisher, a process of its own."""
    fork = multiprocessing.get_context("fork")
    process = fork.Process(target=publish_until_the_last_batch, args=(logged,))
    process.start()
    return process


def test_four_publishers_at_once_publish_every_row_once_although_some_are_killed(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(local_catalog, "TIDIED", 2)
    monkeypatch.setattr(local_catalog, "UNUSED_FOR", timedelta(0))
    logged.add([1], staff=[1])
    publishers = [start(logged) for _ in range(4)]
    for number in range(2, BATCHES + 1):
        logged.add([number], staff=[number])
        if number % 4 == 0:
            killed = publishers.pop(0)
            killed.kill()
            killed.join()
            publishers.append(start(logged))
    assert ends(publishers) == [0] * 4
    logged.publish()
    assert logged.publish().commits == 0
    assert orders(logged) == Counter({(n, n): 1 for n in range(1, BATCHES + 1)})
    assert rows(logged, DIMENSION, "staff_id") == Counter({(n,): 1 for n in range(1, BATCHES + 1)})


def test_generations_are_published_at_once(logged: LoggedLake):
    """A rebuild in the next generation, a retry, and a publisher of each generation at once."""
    for number in range(1, 7):
        logged.add([number], staff=[number])
    following = logged.replayed()
    publishers = [start(each) for each in (logged, following, logged, following)]
    for number in range(7, BATCHES + 1):
        logged.add([number], staff=[number])
        following.build(number, [number], [number])
    logged.retry([50], deleted=[1])
    assert ends(publishers) == [0] * 4
    logged.publish()
    following.publish()
    expected = Counter({(n, n): 1 for n in range(1, BATCHES + 1)})
    assert orders(logged) == expected + Counter({(50, BATCHES): 1})
    assert orders(following) == expected
    assert sum(rows(logged, SOURCE, "sales_order_id").values()) == BATCHES


def test_many_entries_are_published_in_bounded_commits(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(publisher, "MOST_FILES", 5)
    for number in range(1, 13):
        logged.add([number])
    times = iter([True, True, False])
    part = publish(logged.lake, LocalCatalog(logged.lake), lambda: next(times, False))
    assert not part.is_complete
    assert part.files == {f"ingestion.{SOURCE}": 10}
    assert logged.publish().commits == 4
    assert sum(orders(logged).values()) == 12


def test_snapshots_are_expired_by_count(logged: LoggedLake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commits, "KEPT_SNAPSHOTS", 3)
    counts = []
    for number in range(1, 6):
        logged.add([number])
        logged.publish()
        counts.append(len(logged.table(FACT).snapshots()))
    assert counts == [1, 2, 3, 3, 3]
    assert sum(orders(logged).values()) == 5


def metadata(logged: LoggedLake, name: str) -> set[Path]:
    return {p for p in logged.root.rglob(f"_published/*/{name}/**/*") if p.is_file()}


def test_publisher_reads_only_entries_beyond_the_hint(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    """Also while some tables have no files and do not exist, such as those of tombstones."""
    for number in (1, 2):
        logged.add([number])
        logged.publish()
    read: list[int] = []

    def note(lake: Lake, entry: Entry) -> Mapping[str, tuple[str, ...]]:
        read.append(entry.seq)
        return files_of(lake, entry)

    monkeypatch.setattr(publisher, "files_of", note)
    logged.add([3])
    logged.publish()
    assert set(read) == {3}


def test_publisher_whose_tables_are_dropped_meanwhile_leaves_no_table_without_earlier_files(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    logged.add([1])
    logged.publish()
    logged.add([2])

    def drop(lake: Lake, entry: Entry) -> Mapping[str, tuple[str, ...]]:
        LocalCatalog(logged.lake).forget()
        return files_of(lake, entry)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(publisher, "files_of", drop)
        with pytest.raises(PublishFailed, match=r"dropped and created again.*publish again"):
            logged.publish()
    logged.publish()
    assert orders(logged) == Counter({(1, 1): 1, (2, 2): 1})


def test_metadata_that_no_version_uses_is_deleted_once_it_is_old(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(local_catalog, "TIDIED", 1)
    logged.add([1])
    logged.publish()
    LocalCatalog(logged.lake).forget()
    others = metadata(logged, SOURCE)
    for number in range(2, 16):
        logged.add([number])
        logged.publish()
    assert len(metadata(logged, FACT)) > 3 * 14
    monkeypatch.setattr(local_catalog, "UNUSED_FOR", timedelta(0))
    refused = min(metadata(logged, FACT)).parent / "refused-m0.avro"
    refused.write_bytes(b"of a commit that another one was before")
    logged.add([16])
    logged.publish()
    left = metadata(logged, FACT)
    assert refused not in left
    assert len(left) <= 3 * 10 + 12
    assert not others & metadata(logged, SOURCE)
    assert sum(orders(logged).values()) == 16


def test_metadata_of_a_commit_that_has_begun_is_not_deleted(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    """A publisher has written all but the new version when another one tidies the table."""
    monkeypatch.setattr(local_catalog, "TIDIED", 1)
    monkeypatch.setattr(local_catalog, "UNUSED_FOR", timedelta(0))
    logged.add([1])
    logged.publish()
    tidied = logged.table(FACT)
    logged.add([2])
    commit_table = SqliteCatalog.commit_table

    def slow(self: SqliteCatalog, *arguments: Any) -> Any:
        [published] = [t for t in published_tables(1) if t.name == FACT]
        LocalCatalog(logged.lake).tidy(tidied, published)
        return commit_table(self, *arguments)

    monkeypatch.setattr(SqliteCatalog, "commit_table", slow)
    logged.publish()
    monkeypatch.undo()
    assert orders(logged) == Counter({(1, 1): 1, (2, 2): 1})


def test_manifests_are_merged_in_levels(logged: LoggedLake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(commits, "LEVELS", (2, 4))
    monkeypatch.setattr(commits, "MERGED", 2)
    counts = []
    for number in range(1, 9):
        logged.add([number])
        logged.publish()
        of = logged.table(FACT)
        snapshot = of.current_snapshot()
        assert snapshot
        counts.append(len(snapshot.manifests(of.io)))
    assert max(counts) <= 5
    assert orders(logged) == Counter({(n, n): 1 for n in range(1, 9)})


def test_copied_lake_is_refused_even_if_the_original_exists(logged: LoggedLake, tmp_path: Path):
    logged.add([1])
    logged.publish()
    copy = LoggedLake(tmp_path / "copy")
    shutil.copytree(logged.root, copy.root)
    with pytest.raises(PublishRefused, match=r"copied or moved.*--again"):
        copy.publish()
    LocalCatalog(copy.lake).forget()
    copy.publish()
    assert orders(copy) == Counter({(1, 1): 1})
    paths = [task.file.file_path for task in copy.table(FACT).scan().plan_files()]
    assert len(paths) == 1
    assert paths[0].startswith(copy.lake.processed.uri("g=1/"))


def test_damaged_catalog_is_named_with_the_remedy(logged: LoggedLake):
    logged.add([1])
    logged.publish()
    database = logged.root / "processed/_published/catalog.db"
    database.write_bytes(b"damaged" * 1000)
    for use in (logged.publish, LocalCatalog(logged.lake).forget):
        with pytest.raises(PublishRefused, match=r"catalog.db cannot be read.*remove it"):
            use()
    database.unlink()
    logged.publish()
    assert orders(logged) == Counter({(1, 1): 1})


def test_table_that_is_dropped_while_it_is_loaded_is_a_conflict():
    with pytest.raises(Conflict), commit():
        raise NoSuchTableError("dropped by another publisher")


def test_everything_is_published_again(logged: LoggedLake):
    logged.add([1], staff=[1])
    logged.retry([5])
    logged.publish()
    before = logged.table(FACT).location()
    LocalCatalog(logged.lake).forget()
    logged.publish()
    assert logged.table(FACT).location() != before
    assert orders(logged) == Counter({(1, 1): 1, (5, 1): 1})


@pytest.mark.parametrize(
    ("options", "reason"),
    [({"use_deprecated_int96_timestamps": True}, "INT96"), ({}, "no field id of the column")],
)
def test_file_of_an_earlier_version_is_refused_with_the_remedy(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], reason: str
):
    write = LoggedLake.write

    def outdated(self: LoggedLake, table: str, columns: Any, *rest: Any) -> Output:
        if not options:
            monkeypatch.setattr("tests.published.FIELD_ID", "other")
        output = write(self, table, columns, *rest, **options)
        monkeypatch.setattr("tests.published.FIELD_ID", "PARQUET:field_id")
        return output

    monkeypatch.setattr(LoggedLake, "write", outdated)
    logged.add([1])
    with pytest.raises(OutdatedFile, match=rf"{reason}.*--generation next"):
        logged.publish()


def test_columns_have_the_ids_of_the_contract_and_texts_no_bounds(logged: LoggedLake):
    logged.add([1], staff=[7])
    logged.publish()
    for published in published_tables(1):
        of = LocalCatalog(logged.lake).table(published)
        assert [field.field_id for field in of.schema().fields] == list(
            range(1, len(published.columns) + 1)
        )
        assert not any(field.required for field in of.schema().fields)
    staff = logged.table(DIMENSION)
    ids = {field.name: field.field_id for field in staff.schema().fields}
    [task] = staff.scan().plan_files()
    bounded = {n for n, number in ids.items() if number in (task.file.lower_bounds or {})}
    assert bounded == {"staff_id", "batch_seq", "change_seq", "observed_at"}


def test_column_in_the_middle_of_the_contract_is_added_by_id_and_old_files_read_as_null(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    logged.add(staff=[7])
    logged.publish()
    staff = contracts.warehouse().tables[DIMENSION]
    stored = stored_columns(staff)
    number, text = len(stored) + 1, contracts.Type("text")
    added = contracts.Column("middle_name", text, True, "Middle name.", field_id=number)
    wider = (*stored[:2], added, *stored[2:])
    monkeypatch.setattr(
        "publish.tables.stored_columns", lambda t: wider if t == staff else stored_columns(t)
    )
    of = logged.table(DIMENSION)
    schema = of.schema()
    assert of.properties[METRICS.format("middle_name")] == WITHOUT_BOUNDS
    assert schema.find_field("middle_name").field_id == number
    assert schema.find_field("last_name").field_id == 3
    names = ("staff_id", "first_name", "middle_name")
    assert rows(logged, DIMENSION, *names) == Counter({(7, "Ada 1", None): 1})


def test_erasure_drops_the_tables_and_the_next_publication_has_the_new_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    built = LakeBuilder(tmp_path)
    built.insert(staff=[row("staff", 1, first_name="Zebediah")])
    built.update(staff=[row("staff", 1, first_name="erased")])
    logged = LoggedLake(tmp_path)
    for seq in (1, 2):
        logged.load(seq)
    logged.publish()
    assert rows(logged, "staff", "first_name") == Counter({("Zebediah",): 1, ("erased",): 1})
    assert main(["erase", "--lake", str(tmp_path), "--table", "staff", "--key", "1"]) == 0
    logged.publish()
    assert rows(logged, "staff", "first_name") == Counter({("erased",): 2})
    assert "Zebediah" not in "".join(
        path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*.avro")
    )


def test_commands_publish_and_say_how_much(logged: LoggedLake, capsys: pytest.CaptureFixture[str]):
    logged.add([1], staff=[1])
    for arguments, count in {(): 3, ("",): 0, ("--again",): 3}.items():
        given = ["publish", "--lake", str(logged.root), *filter(None, arguments)]
        assert main(given) == 0
        report = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert (report["files"], report["commits"]) == (count, count)


def test_landed_files_of_an_earlier_version_are_read_by_name(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as earlier:
        schema = batch_schema(contracts.source().tables[SOURCE])
        plain = pa.schema([field.remove_metadata() for field in schema])
        earlier.setattr("tests.published.batch_schema", lambda _: plain)
        logged.add([1])
    logged.add([2])
    logged.publish()
    assert rows(logged, SOURCE, "sales_order_id", "batch_seq") == Counter({(1, 1): 1, (2, 2): 1})


def test_entry_of_several_batches_waits_until_the_last_one_is_in_the_warehouse(logged: LoggedLake):
    lake = logged.lake
    columns = stored_columns(fact_of(FACT))
    place = {"observed_at": START, "change_seq": 0, "is_deleted": False}
    versions = [{"sales_order_id": 1, "batch_seq": seq, **place} for seq in (1, 2)]
    output = logged.write(FACT, columns, 1, "run-1", versions)
    lake.facts.commit(BuildEntry(1, "run-1", now(), {FACT: output}, first=1, last=2))
    logged.load(1)
    assert logged.publish().commits == 0
    logged.load(2)
    assert logged.publish().commits == 1
    assert orders(logged) == Counter({(1, 1): 1, (1, 2): 1})


def test_reader_that_began_before_many_commits_reads_on(logged: LoggedLake):
    """Metadata that it needs is old, was in use a moment ago, and is of the same second."""
    logged.add([1])
    logged.publish()
    an_hour_ago = time() - 3600
    for path in (logged.root / "processed/_published").rglob("*/metadata/*"):
        os.utime(path, (an_hour_ago, an_hour_ago))
    reader = logged.table(FACT)
    for number in range(2, 24):
        logged.add([number])
        logged.publish()
    assert reader.scan().to_arrow().num_rows == 1
