"""The rows that the warehouse must have, derived from the mirror by the contracts and Arrow alone.

The code of the jobs is not used, so that a wrong conversion in it becomes visible.
"""

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

import contracts
from contracts import UNKNOWN, Column, Dimension, Fact, SourceTable
from contracts.arrow import row_schema
from contracts.observation import VERSION
from glue_jobs.errors import Unconvertible
from ingestion_lambda.source.conform import conform

Lookups = Mapping[str, pa.Table]


def compared_columns(table: Dimension | Fact) -> SourceTable:
    """Return the warehouse table without its record number and history columns, in the form of a
    source table, so that its rows can be read and compared in the same way."""
    columns = tuple(column for column in table.columns if column not in VERSION)
    return SourceTable(table.name, table.about, table.key, columns)


def expected(rows: pa.Table, table: Dimension | Fact, lookups: Lookups) -> pa.Table:
    """Return the rows of the warehouse table for these rows of its source table. A value that does
    not conform is NULL: its row is in quarantine, and the warehouse has no equal row."""
    compared = compared_columns(table)
    values = [column_values(rows, column, table, lookups) for column in compared.columns]
    unfit = pa.nulls(rows.num_rows, pa.string())
    return pa.table([*values, unfit], schema=row_schema(compared))


def column_values(
    rows: pa.Table, column: Column, table: Dimension | Fact, lookups: Lookups
) -> pa.Array:
    """Return the values of a column for these rows of its source table."""
    origin = contracts.source().tables[column.lookup or table.of].column(column.origin_column)
    values = _origin(rows, column, table, lookups)
    if origin.type != column.type:
        values = _conversion(column, origin)(values)
    if column.translate:
        values = _translated(values, contracts.reference(column.translate))
    if isinstance(table, Dimension) and column.type.kind == "text" and not column.nullable:
        values = pc.fill_null(values, UNKNOWN)
    return values


def _origin(rows: pa.Table, column: Column, table: Dimension | Fact, lookups: Lookups) -> pa.Array:
    if not column.lookup or not isinstance(table, Dimension):
        return rows[column.origin_column].combine_chunks()
    other = lookups[column.lookup]
    key = contracts.source().tables[column.lookup].key
    holder = rows[table.lookups[column.lookup]].combine_chunks()
    index = pc.index_in(holder, value_set=other[key].combine_chunks())
    return other[column.origin_column].combine_chunks().take(index)


def _conversion(column: Column, origin: Column) -> Callable[[pa.Array], pa.Array]:
    conversions: Mapping[tuple[str, str], Callable[[pa.Array], pa.Array]] = {
        ("timestamp", "date"): lambda moments: moments.cast(pa.date32()),
        ("timestamp", "time"): lambda moments: pc.strftime(moments, "%H:%M:%S"),
        ("text", "date"): lambda texts: _dates(texts, column),
    }
    if (origin.type.kind, column.type.kind) not in conversions:
        raise Unconvertible(
            f"Column {column.name} is {origin.type} in the source and {column.type} in the"
            " warehouse, and reconcile cannot compare them. To fix: add the conversion to"
            " operations/reconcile/expected.py."
        )
    return conversions[origin.type.kind, column.type.kind]


def _dates(texts: pa.Array, column: Column) -> pa.Array:
    batch = pa.RecordBatch.from_arrays([texts], [column.name])
    return conform(batch, SourceTable("", "", column.name, (column,))).column(0)


def _translated(codes: pa.Array, names: Mapping[str, str]) -> pa.Array:
    index = pc.index_in(codes, value_set=pa.array(list(names)))
    return pc.coalesce(pa.array(list(names.values())).take(index), codes)
