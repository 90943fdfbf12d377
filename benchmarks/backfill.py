"""A first batch through all steps: `python -m benchmarks.backfill --orders 1000000`.

The warehouse is loaded beside `COPY`, which gets the same rows over one connection, into tables
with the same columns and indexes, without the foreign keys, latest versions and checks of a load.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter

import contracts
from benchmarks.measuring import Figure
from benchmarks.poll import first, polled
from benchmarks.report import show
from benchmarks.source import Benched, seeded
from glue_jobs.load.merge import qualified
from postgres import Sql, connected, from_dsn, names, render
from warehouse import SCHEMA

WAREHOUSE = "warehouse"
DISABLE = "alter table {table} disable trigger all"
FOREIGN_KEYS = """
select cast(conrelid as regclass) as name, conname from pg_constraint
where contype = 'f' and connamespace = cast(:schema as regnamespace)
"""


def figures(benched: Benched, orders: int) -> Iterator[Figure]:
    """Yield the cost of each step of the first batch, which is in the lake already; then those of a
    batch in which every order was edited."""
    yield from first_batch(benched, orders)
    warehouse = benched.server.dsn(WAREHOUSE)
    empty = _files(benched, warehouse, "first", 0)
    yield _copied(benched, "copied", empty, f"{orders:,} orders: COPY into an empty warehouse")
    benched.edit_all()
    edited = f"{orders:,} orders, each edited"
    measured = polled(benched, benched.lake)
    yield measured.figure("backfill", f"{edited}: poll", **measured.own)
    yield from _batch(benched, warehouse, edited)
    added = _files(benched, warehouse, "second", 1)
    yield _copied(benched, "copied", added, f"{edited}: COPY of the versions")


def first_batch(benched: Benched, orders: int) -> Iterator[Figure]:
    """Yield the cost of each step of the first batch after its poll, into an empty warehouse."""
    yield from _batch(benched, benched.warehouse(WAREHOUSE), f"{orders:,} orders")


def _batch(benched: Benched, warehouse: str, case: str) -> Iterator[Figure]:
    transform = benched.measure("embedded", "transform", "--lake", str(benched.lake))
    seconds = transform.printed.get("seconds", {})
    for step in ("dimensions", "facts"):
        yield Figure("backfill", f"{case}: {step}, beside the other job", seconds.get(step))
    yield transform.figure("backfill", f"{case}: transform, as a process")
    loading = ("--load", warehouse, str(benched.lake))
    load = benched.measure("benchmarks.backfill", *loading)
    yield load.figure("load", f"{case}: load", **load.own)


def _load(dsn: str, lake: str) -> None:
    """Load what is built, and print the seconds without those of the imports."""
    from embedded.platform import Platform  # noqa: PLC0415 - of this process only

    with Platform(Path(lake), "", dsn) as platform:
        start = perf_counter()
        platform.load()
        print(json.dumps({"seconds": perf_counter() - start}), flush=True)


def _files(benched: Benched, warehouse: str, name: str, after: int) -> Mapping[str, Path]:
    """Write the rows of every table, and of facts those of batches beyond ``after``, to files."""
    folder = benched.folder / name
    folder.mkdir()
    files = {}
    with connected(from_dsn(warehouse), "benchmark") as connection:
        for table in contracts.warehouse().tables.values():
            is_fact = table in contracts.warehouse().facts
            if not is_fact and after:
                continue
            files[table.name] = folder / table.name
            query = render(
                "copy (select {columns} from {table} where {condition}) to stdout",
                columns=names(table.column_names),
                table=qualified(SCHEMA, table.name),
                condition=Sql(f"batch_seq > {after:d}" if is_fact else "true"),
            )
            with files[table.name].open("wb") as file:
                connection.run(query, stream=file)
    return files


def _copied(benched: Benched, database: str, files: Mapping[str, Path], case: str) -> Figure:
    dsn = benched.server.dsn(database)
    if not benched.server.has_database(database):
        benched.warehouse(database)
        _prepare(dsn)
    pairs = [f"{table}={file}" for table, file in files.items()]
    measured = benched.measure("benchmarks.backfill", "--copy", dsn, *pairs)
    return measured.figure("load", case, is_peer=True, **measured.own)


def _prepare(dsn: str) -> None:
    """Remove the foreign keys and the triggers of the facts."""
    with connected(from_dsn(dsn), "benchmark") as connection:
        for table, key in connection.run(FOREIGN_KEYS, schema=SCHEMA):
            drop = "alter table {table} drop constraint {key}"
            connection.run(render(drop, table=Sql(table), key=key))
        for fact in contracts.warehouse().facts:
            connection.run(render(DISABLE, table=qualified(SCHEMA, fact.name)))


def _copy(dsn: str, pairs: list[str]) -> None:
    """Copy each file into its table in one transaction, and print rows and seconds."""
    rows, start = 0, perf_counter()
    with connected(from_dsn(dsn), "benchmark") as connection:
        connection.run("begin")
        for table, _, file in (pair.partition("=") for pair in pairs):
            columns = names(contracts.warehouse().tables[table].column_names)
            with Path(file).open("rb") as stream:
                copy = render(
                    "copy {table} ({columns}) from stdin",
                    table=qualified(SCHEMA, table),
                    columns=columns,
                )
                connection.run(copy, stream=stream)
            rows += connection.row_count
        connection.run("commit")
    print(json.dumps({"rows": rows, "seconds": perf_counter() - start}))


def main() -> None:
    """Run the benchmark, or (as its own child) a part of it."""
    match sys.argv[1:]:
        case ["--load", dsn, lake]:
            _load(dsn, lake)
        case ["--copy", dsn, *pairs]:
            _copy(dsn, pairs)
        case _:
            _benchmark()


def _benchmark() -> None:
    parser = ArgumentParser("python -m benchmarks.backfill", description="Measure a first batch.")
    parser.add_argument("--orders", type=int, default=100_000, help="orders in the source (100000)")
    orders = parser.parse_args().orders
    with seeded(orders) as benched:
        show(first(benched, orders))
        show(figures(benched, orders))


if __name__ == "__main__":
    main()
