"""Rows from CSV: Arrow's own types and cells conformed one by one give the same rows."""

from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts import Column, SourceTable, Type
from ingestion_lambda.source.conform import conform
from ingestion_lambda.source.csv_rows import read_rows

pytestmark = pytest.mark.lambda_runtime

KINDS = ("text", "int", "bigint", "numeric(5,2)", "boolean", "timestamp", "date", "time")
TABLE = SourceTable(
    "things",
    "Things.",
    "c0",
    tuple(Column(f"c{n}", Type.parse(kind), True, "") for n, kind in enumerate(KINDS)),
)
Row = Sequence[str | None]

INTEGERS = st.integers(-(2**70), 2**70).map(str) | st.integers(-99, 99).map(str)
NUMBERS = st.decimals(places=2).map(str) | INTEGERS
TIMES = st.datetimes().map(str) | st.sampled_from(["infinity", "20231-01-01 00:00:00"])
WORDS = st.text(max_size=9).filter(lambda text: "\0" not in text)
MARK = "\ufeffa"
"""Text after a byte order mark, with which Windows programs begin files in UTF-8."""

CELLS: list[st.SearchStrategy[str]] = [
    WORDS | st.sampled_from(['a\nb,"c"\r\n', "\\.", "", "NULL", MARK]),
    INTEGERS,
    INTEGERS,
    NUMBERS,
    st.sampled_from("tf"),
    TIMES,
    st.dates().map(str) | st.just("0044-03-15 BC"),
    st.times().map(str) | st.just("24:00:00"),
]
ROWS = st.lists(st.tuples(*(st.none() | cell for cell in CELLS)), min_size=1, max_size=9)
FITS: Row = ("\n", "1", "-2", "-99.99", "t", "2024-11-15 07:55:11.962", "2024-11-15", "07:55:11")


def csv_of(rows: Sequence[Row]) -> bytes:
    """Return the rows as PostgreSQL's COPY writes them."""
    return "".join(",".join(map(_quoted, row)) + "\n" for row in rows).encode()


def _quoted(cell: str | None) -> str:
    if cell is None:
        return ""
    is_quoted = cell in ("", "\\.") or any(letter in cell for letter in '",\r\n')
    return '"' + cell.replace('"', '""') + '"' if is_quoted else cell


@settings(deadline=None)  # the first call loads what Arrow needs
@given(ROWS)
@example([FITS, FITS])
@example([FITS, (None,) * len(KINDS)])
@example([FITS, (*FITS[:3], "1234.5", *FITS[4:])])  # as many digits as fit, but before the point
@example([(MARK, *FITS[1:]), FITS])
@example([FITS, ("a" * (1 << 20), *FITS[1:])])
def test_rows_are_those_of_cells_conformed_one_by_one(rows: list[Row]):
    cells = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    expected = conform(pa.RecordBatch.from_arrays(cells, names=TABLE.column_names), TABLE)
    assert read_rows(csv_of(rows), TABLE).equals(expected)
