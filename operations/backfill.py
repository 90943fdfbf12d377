"""Fill a column that was added to the warehouse later, from landed rows that have its values.

Facts get the values of each version's own landed row, dimensions those of the mirror. Versions that
landed before the contract of the source named the column have no value anywhere, and are counted.
"""

import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

import contracts
from contracts import Calendar, Column, Dimension, Fact, PlatformError
from contracts.arrow import row_schema
from contracts.observation import BATCH_SEQ, CHANGE_SEQ, VERSION
from glue_jobs.load import ledger
from glue_jobs.load.merge import insert_inferred, qualified
from ingestion_lambda.mirror.mirror import Mirror
from lake import Lake
from lake.concurrent import map_concurrently
from lake.entries import Changes
from lake.mirror_map import mirror_map
from operations.reconcile.expected import column_values
from postgres import Address, Connection, Sql, connected, names, render, transaction

ROWS = Sql("pg_temp.backfill")
KEY, SEQ, CHANGE = "_key", "_batch_seq", "_change_seq"
NO_HEADER = csv.WriteOptions(include_header=False)

CREATE = """
create temporary table backfill
    (_key bigint, _batch_seq bigint, _change_seq integer, {column} {type}) on commit drop
"""
COPY = "copy {rows} ({columns}) from stdin with (format csv)"
OUTSIDE = """
delete from {rows} as filled
where not exists (select from {dimension} as known where known.{key} = filled.{column})
"""
FILL = """
update {table} as known set {column} = filled.{column}
from {rows} as filled
where known.{key} = filled._key {version} and known.{column} is distinct from filled.{column}
"""
OF_THE_VERSION = Sql(
    "and (known.batch_seq, known.change_seq) = (filled._batch_seq, filled._change_seq)"
)
WORK_MEMORY = "set local work_mem = '256MB'"  # a million rows are joined without temporary files
TRIGGER = "alter table {table} {state} trigger latest_mended"
WITHOUT = """
select count(*) from {table}
where {column} is null and batch_seq = any(cast(:seqs as bigint[]))
"""


class NothingToFill(PlatformError):
    """The table has no column of that name that may have been added later."""

    exit_code = 2


@dataclass(frozen=True)
class Backfilled:
    """The result of a backfill: the rows that got a value; the versions that cannot, because their
    landed row does not have the column; and the values that do not conform."""

    table: str
    column: str
    filled: int
    without_column: int
    invalid: int

    def report(self) -> dict[str, Any]:
        """Return the result as the last line of a command."""
        return asdict(self)


def backfill(lake: Lake, warehouse: Address, schema: str, table: str, column: str) -> Backfilled:
    """Fill a nullable column of a fact or a dimension, in one transaction that excludes loads.
    Repeated, it writes nothing. Its connection must be that of the owner of the tables.

    Raises NothingToFill, SchemaOutdated or OtherLedger.
    """
    of, added = _column(table, column)
    with connected(warehouse, "backfill") as connection, transaction(connection):
        ledger.lock(connection)
        state = ledger.read_state(connection)
        ledger.check_contracts(state, schema, contracts.warehouse().fingerprint)
        ledger.check_lake(state, lake)
        ledger.check_last_batch(state, lake)
        return _Backfill(connection, schema, lake, of, added).run(state.head)


def _column(table: str, column: str) -> tuple[Fact | Dimension, Column]:
    """Return the table and the column. Raises NothingToFill."""
    of = contracts.warehouse().tables.get(table)
    if isinstance(of, Fact | Dimension) and column in of.column_names:
        added = of.column(column)
        if added.nullable and added not in VERSION:
            return of, added
    raise NothingToFill(
        f"{table}.{column} is not a nullable column of a fact or a dimension. To fix: name a table"
        " and a column of the warehouse's contracts that may be NULL."
    )


@dataclass
class _Backfill:
    connection: Connection
    schema: str
    lake: Lake
    table: Fact | Dimension
    column: Column
    invalid: int = 0

    def run(self, head: int) -> Backfilled:
        """Fill the column in all rows of the batches up to ``head``."""
        without = list[int]()
        self._run(CREATE, type=Sql(str(self.column.type)))
        rows = self._versions(head, without) if self._is_fact else self._members(head)
        for table in rows:
            self._copy(table)
        self._check_references()
        filled = self._fill()
        return Backfilled(
            self.table.name, self.column.name, filled, self._count(without), self.invalid
        )

    @property
    def _is_fact(self) -> bool:
        return isinstance(self.table, Fact)

    def _versions(self, head: int, without: list[int]) -> Iterator[pa.Table]:
        """Yield the values of each batch, and note those whose rows do not have the column."""
        batches = map_concurrently(self.lake.batches.entry, range(1, head + 1))
        landed = ((b.seq, b.tables[self.table.of]) for b in batches if self.table.of in b.tables)
        for seq, rows in map_concurrently(self._landed, landed):
            if self.column.origin_column not in rows.column_names:
                without.append(seq)
                continue
            yield self._converted(rows, {})

    def _landed(self, batch: tuple[int, Changes]) -> tuple[int, pa.Table]:
        seq, changes = batch
        wanted = self._source_key, BATCH_SEQ.name, CHANGE_SEQ.name, self.column.origin_column
        file = pq.ParquetFile(io.BytesIO(self.lake.ingestion.get(changes.file.key)))
        rows = file.read([name for name in wanted if name in file.schema_arrow.names])
        if CHANGE_SEQ.name not in rows.column_names:  # of a version that did not know it
            rows = rows.append_column(CHANGE_SEQ.name, pa.repeat(0, rows.num_rows))
        return seq, rows

    def _members(self, head: int) -> Iterator[pa.Table]:
        """Yield the values of each bucket of the mirror as of batch ``head``."""
        if not head:
            return
        batch, source = self.lake.batches.entry(head), contracts.source()
        mirrors = {
            name: Mirror(
                self.lake.ingestion,
                source.tables[name],
                mirror_map(self.lake.ingestion, batch, name).buckets,
            )
            for name in (self.table.of, self.column.lookup)
            if name
        }
        lookups = {
            name: pa.concat_tables([row_schema(source.tables[name]).empty_table(), *_all(mirror)])
            for name, mirror in mirrors.items()
            if name == self.column.lookup
        }
        for rows in _all(mirrors[self.table.of]):
            yield self._converted(rows, lookups)

    def _converted(self, rows: pa.Table, lookups: dict[str, pa.Table]) -> pa.Table:
        """Return the keys of rows with a value in the column, and the values."""
        values = column_values(rows, self.column, self.table, lookups)
        if not self.column.lookup:
            nulls = rows[self.column.origin_column].null_count
            self.invalid += values.null_count - nulls
        keys = [rows[self._source_key]]
        keys += (
            [rows[SEQ.removeprefix("_")], rows[CHANGE.removeprefix("_")]] if self._is_fact else []
        )
        columns = [KEY, SEQ, CHANGE][: len(keys)]
        found = pa.table([*keys, values], names=[*columns, self.column.name])
        return found.filter(pc.is_valid(found[self.column.name]))

    def _copy(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        body = io.BytesIO()
        csv.write_csv(rows, body, NO_HEADER)
        body.seek(0)
        copy = render(COPY, rows=ROWS, columns=names(rows.column_names))
        self.connection.run(copy, stream=body)

    def _check_references(self) -> None:
        """Add the members that the values refer to and that no dimension has, and drop days outside
        of the calendar: a row with such a day would be in quarantine."""
        dimension = contracts.warehouse().tables.get(self.column.references)
        if isinstance(dimension, Calendar):
            parts = {"dimension": qualified(self.schema, dimension.name), "key": dimension.key}
            self.invalid += self._run(OUTSIDE, **parts)
        elif dimension and isinstance(self.table, Fact):
            insert_inferred(self.connection, self.schema, [self.column], ROWS)

    def _fill(self) -> int:
        """Update the rows, and return how many. The trigger that keeps the latest versions would
        recreate all of them, so they are updated with the same values."""
        self.connection.run("analyze backfill")
        self.connection.run(WORK_MEMORY)
        table = qualified(self.schema, self.table.name)
        if not isinstance(self.table, Fact):
            return self._run(FILL, table=table, key=self.table.key, version=Sql(""))
        parts = {"key": self.table.key, "version": OF_THE_VERSION}
        self._run(TRIGGER, table=table, state=Sql("disable"))
        filled = self._run(FILL, table=table, **parts)
        self._run(FILL, table=qualified("etl", self.table.latest), **parts)
        self._run(TRIGGER, table=table, state=Sql("enable always"))
        return filled

    def _count(self, without: list[int]) -> int:
        """Return the versions of batches whose landed rows do not have the column."""
        if not without:
            return 0
        table = qualified(self.schema, self.table.name)
        statement = render(WITHOUT, table=table, column=self.column.name)
        [[count]] = self.connection.run(statement, seqs=without)
        return int(count)

    def _run(self, template: str, **parts: str | Sql) -> int:
        """Run a statement, and return how many rows it wrote."""
        self.connection.run(render(template, rows=ROWS, column=self.column.name, **parts))
        return int(self.connection.row_count)

    @property
    def _source_key(self) -> str:
        return contracts.source().tables[self.table.of].key


def _all(mirror: Mirror) -> Iterator[pa.Table]:
    return mirror.read_all(sorted(mirror.buckets))
