"""Compaction: few files instead of many, with the same rows, after any kill and any race."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow.parquet as pq
import pytest

from embedded.cli import main
from embedded.lake_query import names_of_the_warehouse
from lake import Lake, now
from lake.compactions import CompactionEntry, Part
from lake.entries import BuildEntry, RetryEntry
from lake.erasures import ErasureEntry, unfinished
from lake.layout import INGESTED
from lake.log import Log
from operations import erasure
from postgres import render
from publish import compactor, levels, publisher
from publish.compactor import Compacted
from publish.errors import ErasureUnfinished, MissingInput, PublishRefused, WrongRowCount
from publish.exchanges import exchange
from publish.levels import groups
from publish.local_catalog import LocalCatalog
from publish.publisher import Published, publish
from publish.rewriting import rewrite
from tests.lake_builder import LakeBuilder, row
from tests.published import DIMENSION, FACT, SOURCE, LoggedLake, fact_of

PROCESSED = "processed_g1"
TABLES = (SOURCE, DIMENSION, FACT, fact_of(FACT).tombstones)
Rows = dict[str, Counter[str]]


@pytest.fixture(autouse=True)
def _small_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let three parts of a level become one."""
    monkeypatch.setattr(levels, "FAN", 3)


def published_rows(logged: LoggedLake) -> Rows:
    """Return the rows of the published tables, without NULLs."""
    return {name: _texts(logged.table(name).scan().to_arrow().to_pylist()) for name in TABLES}


def logged_rows(logged: LoggedLake) -> Rows:
    """Return the rows of the files that the entries of the logs add, up to the last load."""
    found: Rows = {name: Counter() for name in TABLES}
    lake, loaded = logged.lake, logged.lake.loads.last_batch()
    for batch in lake.batches.after(0, loaded):
        for name, changes in batch.tables.items():
            found[name] += _texts(_read(logged, "ingestion", changes.file.key))
    entries: list[BuildEntry | RetryEntry] = [
        *lake.dimensions.after(0, loaded),
        *lake.facts.after(0, loaded),
        *(entry for entry in lake.retries.after(0) if entry.through <= loaded),
    ]
    for entry in entries:
        tombstones = {fact_of(name).tombstones: out for name, out in entry.tombstones.items()}
        for name, output in {**entry.tables, **tombstones}.items():
            for key in (key for key in output.files if f"-{entry.run}/" in key):
                found[name] += _texts(_read(logged, "processed", key))
    return found


def _texts(rows: Any) -> Counter[str]:
    listed = rows if isinstance(rows, list) else rows.to_pylist()
    return Counter(repr(sorted((k, v) for k, v in r.items() if v is not None)) for r in listed)


def _read(logged: LoggedLake, store: str, key: str) -> Any:
    return pq.ParquetFile(logged.root / store / key).read()


def heads(logged: LoggedLake) -> list[CompactionEntry]:
    found = (logged.lake.compactions(name).head() for name in (INGESTED, PROCESSED))
    return [head for head in found if head]


def check(logged: LoggedLake) -> None:
    """The tables have the rows of the log, by two readers, and the log counts them."""
    expected = logged_rows(logged)
    assert published_rows(logged) == expected
    with names_of_the_warehouse(logged.lake) as database:
        counting = render("select count(*) from lake.{fact}", fact=FACT)
        [[versions]] = database.sql(counting).fetchall()
        assert versions == sum(expected[FACT].values())
    for head in heads(logged):
        for name, parts in head.parts.items():
            assert len({file for part in parts for file in part.files}) == len(
                [file for part in parts for file in part.files]
            )
            assert sum(part.rows for part in parts) <= sum(expected[name].values())


def test_small_files_become_one_and_the_originals_stay(logged: LoggedLake):
    for number in range(1, 4):
        logged.add([number, 9], staff=[number])
    logged.add([10], load=False)
    before = set(logged.root.rglob("*.parquet"))
    result = logged.compact()
    assert (result.replaced, result.written, result.rows) == (9, 3, 15)
    assert all(len(logged.files(name)) == 1 for name in (SOURCE, FACT, DIMENSION))
    assert before < set(logged.root.rglob("*.parquet"))
    check(logged)
    assert logged.compact() == Compacted()
    [part] = heads(logged)[1].parts[FACT]
    assert (part.log, part.rows, part.first, part.last, part.level) == ("facts", 6, 1, 3, 1)
    [file] = logged.files(FACT)
    keys = pq.ParquetFile(file.removeprefix("file://")).read(["sales_order_id", "batch_seq"])
    assert [tuple(r.values()) for r in keys.to_pylist()] == [
        (1, 1), (2, 2), (3, 3), (9, 1), (9, 2), (9, 3),
    ]  # fmt: skip


def test_a_row_is_written_again_three_times_at_most(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    """Levels of two: the rows of eight batches are in level 3 after ten, and stay there."""
    monkeypatch.setattr(levels, "FAN", 2)
    for number in range(1, 12):
        logged.add([number])
        logged.compact()
    [parts] = [head.parts[FACT] for head in heads(logged) if FACT in head.parts]
    assert max(part.level for part in parts) == levels.LEVELS == 3
    assert len(logged.files(FACT)) <= 1 + 1 + 1 + 2
    written = logged.root.rglob(f"_compacted/{PROCESSED}/{FACT}/*/*.parquet")
    assert sum(pq.read_metadata(path).num_rows for path in written) <= 3 * 11
    check(logged)


def test_ten_years_of_a_change_every_poll_are_few_files(monkeypatch: pytest.MonkeyPatch):
    """Three compactions a day, of 96 batches of 100 rows each."""
    monkeypatch.undo()
    batches = [Part("facts", (f"batch {number}",), 100, 1, 1) for number in range(96)]
    parts: list[Part] = []
    most, written = 0, 0
    for number in range(3 * 3653):
        parts += batches
        most = max(most, len(parts))
        for group in list(groups(parts)):
            rows, replaced = sum(part.rows for part in group), set(group)
            parts = [part for part in parts if part not in replaced]
            file, level = f"{number} of {len(group)}", group[0].level + 1
            parts.append(Part("facts", (file,), rows, 1, 1, level))
            written += rows
    assert sum(part.rows for part in parts) == 3 * 3653 * 96 * 100
    assert written <= 3 * 3 * 3653 * 96 * 100
    assert most <= 96 + 2 * 31 + 3653 * 3 * 96 * 100 / levels.LARGE + 32


def test_retried_rows_are_not_compacted_with_rows_of_batches(logged: LoggedLake):
    for number in range(1, 4):
        logged.add([number])
        logged.retry([100 + number], deleted=[200 + number])
    logged.compact()
    assert len(logged.files(FACT)) == 2
    assert len(logged.files(fact_of(FACT).tombstones)) == 1
    check(logged)


def test_large_files_are_not_replaced(logged: LoggedLake, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(levels, "LARGE", 4)
    logged.add([1, 2, 3, 4, 5])
    large = set(files_after(logged))
    for number in range(6, 12):
        logged.add([number, number + 100])
    logged.compact()
    assert large < set(logged.files(FACT))
    assert len(logged.files(FACT)) == 1 + 2
    check(logged)


def files_after(logged: LoggedLake) -> list[str]:
    logged.publish()
    return logged.files(FACT)


def test_tables_that_are_published_again_have_the_compacted_files(
    logged: LoggedLake, tmp_path: Path
):
    """In a copy of the lake, whose tables would name files of the original."""
    for number in range(1, 5):
        logged.add([number], staff=[number])
    logged.compact()
    logged.add([5])
    shutil.copytree(logged.root, tmp_path / "copy")
    logged = LoggedLake(tmp_path / "copy")
    with pytest.raises(PublishRefused, match=r"copied or moved"):
        logged.compact()
    LocalCatalog(logged.lake).forget()
    published = logged.publish()
    assert published.files[f"{PROCESSED}.{FACT}"] == 2
    assert all(file.startswith(logged.lake.processed.uri("")) for file in logged.files(FACT))
    check(logged)
    assert logged.compact() == Compacted()


class Killed(BaseException):
    """The process ends here."""


def killed(*_: Any, **__: Any) -> Any:
    raise Killed


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a function that kills the next compaction at a step."""

    def kill_at(step: str) -> None:
        if step == "the entry":
            monkeypatch.setattr(Log, "commit", killed)
        elif step == "the second exchange":
            steps = iter([exchange])

            def second(*arguments: Any) -> None:
                next(steps, killed)(*arguments)

            monkeypatch.setattr(compactor, "exchange", second)
        elif step == "the removal":
            monkeypatch.setattr(compactor, "KEPT", timedelta(0))
            monkeypatch.setattr(compactor._Namespace, "_remove_unnamed", killed)
        else:
            monkeypatch.setattr(compactor, step, killed)

    yield kill_at
    monkeypatch.undo()


BEFORE_THE_ENTRY = ("rewrite", "the entry")
STEPS = (*BEFORE_THE_ENTRY, "data_files", "exchange", "the second exchange", "the removal")


@pytest.mark.parametrize("step", STEPS)
def test_killed_compaction_leaves_the_same_rows_and_is_completed(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch, kill_at: Callable[[str], None], step: str
):
    for number in range(1, 4):
        logged.add([number], staff=[number])
    logged.publish()
    with monkeypatch.context():
        kill_at(step)
        with pytest.raises(Killed):
            logged.compact()
    monkeypatch.undo()
    monkeypatch.setattr(levels, "FAN", 3)
    check(logged)
    logged.add([4])
    logged.publish()
    check(logged)
    logged.compact()
    assert len(logged.files(SOURCE)) == (1 if step in BEFORE_THE_ENTRY else 2)
    check(logged)


def test_four_publishers_and_two_compactors_at_once_with_loads_and_a_retry(logged: LoggedLake):
    for number in range(1, 5):
        logged.add([number], staff=[number])
    is_loaded = Event()

    def work(step: Callable[[], object]) -> None:
        while not is_loaded.is_set():
            step()
        step()

    with ThreadPoolExecutor(6) as pool:
        steps = [logged.publish] * 4 + [logged.compact] * 2
        working = [pool.submit(work, step) for step in steps]
        for number in range(5, 9):
            logged.add([number], staff=[number])
        logged.retry([100], deleted=[200])
        is_loaded.set()
        for each in working:
            each.result()
    assert logged.publish().commits == 0
    check(logged)
    logged.compact()
    assert len(logged.files(FACT)) < 5
    check(logged)


def test_missing_input_ends_the_exchange(logged: LoggedLake, monkeypatch: pytest.MonkeyPatch):
    """The tables are dropped after a compaction has read their files, and are published again up
    to the first entry only."""
    for number in range(1, 4):
        logged.add([number])

    def dropped(lake: Lake, entry: CompactionEntry) -> None:
        catalog = LocalCatalog(lake)
        catalog.forget()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(publisher, "MOST_FILES", 1)
            patch.setattr(Log, "head", lambda _: None)
            times = iter([True, False])
            publish(lake, catalog, lambda: next(times, False))
        log.commit(entry)

    log = logged.lake.compactions(INGESTED)
    commit = Log.commit

    def dropping(self: Log[Any], entry: Any) -> None:
        if isinstance(entry, CompactionEntry):
            monkeypatch.setattr(Log, "commit", commit)
            dropped(logged.lake, entry)
        else:
            commit(self, entry)

    monkeypatch.setattr(Log, "commit", dropping)
    with pytest.raises(MissingInput, match=r"does not have .*compact again"):
        logged.compact()
    logged.compact()
    check(logged)
    assert len(logged.files(SOURCE)) == 1


def test_file_with_other_rows_than_the_log_records_is_refused(logged: LoggedLake):
    for number in range(1, 4):
        logged.add([number])
    key = logged.lake.facts.entry(2).tables[FACT].files[0]
    path = logged.root / "processed" / key
    logged.publish()
    rows = pq.ParquetFile(path).read()
    pq.write_table(rows.slice(0, 0), path)
    with pytest.raises(WrongRowCount, match=r"2 rows .* the logs record 3.*To fix"):
        logged.compact()


@pytest.mark.parametrize("seed", range(2))
def test_any_sequence_of_steps_leaves_the_rows_of_the_log(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch, seed: int
):
    chance = random.Random(seed)
    monkeypatch.setattr(levels, "LARGE", 12)
    steps = ["add", "add", "add", "publish", "compact", "killed", "retry", "again", "replay"]
    logged.add([1], staff=[1])
    following = logged.replayed()
    for number in range(2, 19):
        match chance.choice(steps):
            case "add":
                orders = chance.sample(range(50), chance.randint(0, 5))
                logged.add(orders, staff=chance.sample(range(9), chance.randint(0, 2)))
            case "retry":
                logged.retry([100 + number], deleted=[200 + number][: chance.randint(0, 1)])
            case "publish":
                _killed_once(publisher, chance.choice(PUBLISHING), logged.publish)
                logged.publish()
            case "replay":
                _at_once(logged, following)
            case "compact":
                logged.compact()
            case "again":
                LocalCatalog(logged.lake).forget()
            case "killed":
                step = chance.choice(["rewrite", "data_files", "exchange"])
                _killed_once(compactor, step, logged.compact)
    _at_once(logged, following)
    logged.compact()
    check(logged)
    built = {name: logged_rows(following)[name] for name in (FACT, DIMENSION)}
    assert {name: published_rows(following)[name] for name in built} == built


PUBLISHING = ("data_files", "_commit", "PublishEntry")
"""The steps of a publication that may be its last."""


def _killed_once(of: Any, step: str, run: Callable[[], object]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(of, step, killed)
        try:
            run()
        except Killed:
            return


def _at_once(logged: LoggedLake, following: LoggedLake) -> None:
    """Build the batches in the next generation and publish it, while this one is compacted."""
    done = following.lake.facts.head_seq()
    for seq in range(done + 1, logged.lake.batches.head_seq() + 1):
        following.build(seq, [seq], [seq])
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(logged.compact), pool.submit(following.compact)]:
            each.result()


def test_erasure_reaches_compacted_files_and_the_tables_stay_readable(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    built = LakeBuilder(tmp_path)
    built.insert(staff=[row("staff", 1, first_name="Zebediah")])
    built.update(staff=[row("staff", 1, first_name="Zebediah", last_name="Other")])
    built.update(staff=[row("staff", 1, first_name="erased")])
    logged = LoggedLake(tmp_path)
    for seq in (1, 2, 3):
        logged.load(seq)
    logged.compact()
    assert len(logged.files("staff")) == 1
    assert main(["erase", "--lake", str(tmp_path), "--table", "staff", "--key", "1"]) == 0
    logged.compact()
    found = logged.table("staff").scan(selected_fields=("first_name",)).to_arrow()
    assert found.column("first_name").to_pylist() == ["erased"] * 3
    [file] = logged.files("staff")
    assert "_compacted" in file
    for path in tmp_path.rglob("*.parquet"):
        rows = pq.ParquetFile(path).read()
        assert "Zebediah" not in repr(rows.to_pylist())


def test_files_that_no_entry_needs_are_removed_after_a_day(
    logged: LoggedLake, monkeypatch: pytest.MonkeyPatch
):
    """Superseded levels, and the file of a compaction that was killed before its entry."""
    for number in range(1, 10):
        logged.add([number])
        logged.compact()
    with pytest.MonkeyPatch.context() as patch:
        logged.add([10])
        patch.setattr(Log, "commit", killed)
        patch.setattr(levels, "FAN", 1)
        patch.setattr(publisher._Publisher, "_record", lambda *_: None)
        with pytest.raises(Killed):
            logged.compact()
    stored = set(logged.root.rglob("_compacted/*/*/*/*.parquet"))
    logged.compact()
    assert set(logged.root.rglob("_compacted/*/*/*/*.parquet")) > stored
    monkeypatch.setattr(compactor, "KEPT", timedelta(0))
    logged.compact()
    left = {path.as_uri() for path in logged.root.rglob("_compacted/*/*/*/*.parquet")}
    needed = {file for name in TABLES for file in logged.files(name) if "_compacted" in file}
    assert len(left) == len(needed) == 2 < len(stored)
    check(logged)


def test_compaction_during_an_erasure_is_refused_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The erasure begins while the compaction writes, and is killed; another run ends it."""
    built = LakeBuilder(tmp_path)
    logged = LoggedLake(tmp_path)
    for number in range(1, 4):
        built.update(staff=[row("staff", 1, first_name="Zebediah", last_name=str(number))])
        logged.load(number)
    built.update(staff=[row("staff", 1, first_name="erased")])
    erasing = ["erase", "--lake", str(tmp_path), "--table", "staff", "--key", "1"]

    def erased_meanwhile(*arguments: Any) -> Part:
        written = rewrite(*arguments)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(erasure, "_rewrite_all", killed)
            with pytest.raises(Killed):
                main(erasing)
        return written

    monkeypatch.setattr(compactor, "rewrite", erased_meanwhile)
    for _ in range(2):
        with pytest.raises(ErasureUnfinished, match=r"staff 1, .*the same erase command"):
            logged.compact()
        assert not list(tmp_path.rglob("_compacted/*/*/*/*.parquet"))
    monkeypatch.setattr(compactor, "rewrite", rewrite)
    assert main(erasing) == 0
    logged.compact()
    assert len(logged.files("staff")) == 1
    found = logged.table("staff").scan(selected_fields=("first_name",)).to_arrow()
    assert found.column("first_name").to_pylist() == ["erased"] * 3


def test_erasure_that_begins_while_a_compaction_publishes_is_respected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """It has begun before the compaction reads the log of erasures to compare it later."""
    built = LakeBuilder(tmp_path)
    logged = LoggedLake(tmp_path)
    for number in range(1, 4):
        built.update(staff=[row("staff", 1, last_name=str(number))])
        logged.load(number)

    def begun_meanwhile(*arguments: Any) -> Published:
        logged.lake.erasures.commit(ErasureEntry(1, "run", now(), table="staff", key=1))
        return publish(*arguments)

    monkeypatch.setattr(compactor, "publish", begun_meanwhile)
    with pytest.raises(ErasureUnfinished):
        logged.compact()
    assert not list(tmp_path.rglob("_compacted/*/*/*/*.parquet"))


def test_erasure_that_is_killed_before_the_tables_are_dropped_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    built = LakeBuilder(tmp_path)
    logged = LoggedLake(tmp_path)
    for number, name in enumerate(("Zebediah", "erased"), start=1):
        built.update(staff=[row("staff", 1, first_name=name)])
        logged.load(number)
    logged.publish()
    erasing = ["erase", "--lake", str(tmp_path), "--table", "staff", "--key", "1"]
    with monkeypatch.context() as patch:
        patch.setattr(LocalCatalog, "forget", killed)
        with pytest.raises(Killed):
            main(erasing)
    assert unfinished(logged.lake.erasures.after(0))
    assert main(erasing) == 0
    assert not unfinished(logged.lake.erasures.after(0))
    assert not LocalCatalog(logged.lake).locations()


def test_command_compacts_and_says_how_much(logged: LoggedLake, capsys: pytest.CaptureFixture[str]):
    for number in range(1, 4):
        logged.add([number])
    assert main(["compact", "--lake", str(logged.root)]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (report["replaced"], report["written"], report["rows"]) == (6, 2, 6)
