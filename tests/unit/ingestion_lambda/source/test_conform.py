"""Text conformed to types: a value that fits is exact; any other is NULL with its text kept."""

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import Column, SourceTable, Type
from ingestion_lambda.source.conform import conform

pytestmark = pytest.mark.lambda_runtime

KINDS = {"i": "int", "n": "numeric(10,2)", "b": "boolean", "at": "timestamp", "t": "text"}
TABLE = SourceTable(
    "things",
    "Things.",
    "i",
    tuple(Column(name, Type.parse(kind), True, "") for name, kind in KINDS.items()),
)


def conformed(**cells: str | bytes | None) -> dict[str, Any]:
    are_bytes = any(isinstance(cell, bytes) for cell in cells.values())
    type_ = pa.binary() if are_bytes else pa.string()
    batch = {name: pa.array([cells.get(name)], type_) for name in KINDS}
    [row] = conform(pa.RecordBatch.from_pydict(batch), TABLE).to_pylist()
    return {name: value for name, value in row.items() if name in cells or name == "_unfit"}


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("i", "-2147483648", "-2147483648"),
        ("n", "99999999.99", "99999999.99"),
        ("n", "-0.01", "-0.01"),
        ("b", "t", "True"),
        ("b", "f", "False"),
        ("at", "2024-11-15 07:55:11.962", "2024-11-15 07:55:11.962000"),
        ("at", "0001-01-01 00:00:00", "0001-01-01 00:00:00"),
        ("n", "1.50" + "0" * 60, "1.50"),
        ("n", "-99999999.99" + "0" * 30, "-99999999.99"),
        ("t", "08841", "08841"),
        ("t", "", ""),
        ("t", "NULL", "NULL"),
    ],
)
def test_value_that_fits_is_exact(column: str, text: str, value: str):
    row = conformed(**{column: text})
    assert str(row[column]) == value
    assert row["_unfit"] is None


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("i", "2147483648"),
        ("n", "NaN"),
        ("n", "Infinity"),
        ("n", "100000000.00"),
        ("n", "0.001"),
        ("n", "1.501" + "0" * 40),
        ("n", str(2**128)),  # Arrow takes a decimal modulo 2^128
        ("n", str(-(2**128) - 500)),
        ("n", f"{2**128 + 7}.25"),
        ("n", "0." + "0" * 60 + "1"),
        ("n", "9" * 1000),
        ("b", "maybe"),
        ("at", "infinity"),
        ("at", "-infinity"),
        ("at", "0044-03-15 00:00:00 BC"),
        ("at", "20231-01-01 00:00:00"),
    ],
)
def test_value_that_does_not_fit_is_null_with_its_text_in_unfit(column: str, text: str):
    row = conformed(**{column: text})
    assert row[column] is None
    assert json.loads(row["_unfit"]) == {column: text}


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b"Ren\xe9", r"\x52656ee9"),
        (b"\xff", r"\xff"),
        (b"\xed\xa0\x80", r"\xeda080"),  # a surrogate
        (b"\xc0\x80", r"\xc080"),  # a NUL in two bytes
    ],
)
@pytest.mark.parametrize("column", ["t", "i"])
def test_bytes_that_are_not_text_are_null_with_the_bytes_in_unfit(
    column: str, cell: bytes, text: str
):
    row = conformed(**{column: cell})
    assert row[column] is None
    assert json.loads(row["_unfit"]) == {column: text}


@pytest.mark.parametrize("text", ["", "René", "\N{SNOWMAN}", "\N{GRINNING FACE}", "\ufffe"])
def test_bytes_that_are_text_are_that_text(text: str):
    row = conformed(t=text.encode())
    assert (row["t"], row["_unfit"]) == (text, None)


def test_null_fits_everything():
    assert set(conformed(**dict.fromkeys(KINDS)).values()) == {None}


@settings(deadline=None)  # the first call loads what Arrow needs
@given(st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40).map(str), st.text(max_size=5))))
def test_every_cell_is_its_value_or_its_text_in_unfit(texts: list[str | None]):
    nulls = [None] * len(texts)
    columns = {name: pa.array(texts if name == "i" else nulls, pa.string()) for name in KINDS}
    rows = conform(pa.RecordBatch.from_pydict(columns), TABLE).to_pylist()
    for text, row in zip(texts, rows, strict=True):
        kept = json.loads(row["_unfit"])["i"] if row["_unfit"] else None
        assert kept == text if row["i"] is None else int(text or "", 0) == row["i"]


@pytest.mark.parametrize(
    ("kind", "text", "fits"),
    [
        ("numeric(38,0)", str(2**128), False),
        ("numeric(38,0)", "9" * 38, True),
        ("numeric(37,0)", str(2**128), False),
        ("numeric(38,18)", f"1{'0' * 25}", False),
        ("numeric(38,18)", f"-{'9' * 20}.{'9' * 18}", True),
        ("numeric(2,2)", "-0.99", True),
        ("numeric(2,2)", "1.00", False),
        ("numeric(10,2)", "NaN", False),
    ],
)
def test_decimal_is_exact_or_quarantined_in_every_type(kind: str, text: str, fits: bool):
    column = Column("n", Type.parse(kind), True, "")
    table = SourceTable("things", "Things.", "n", (column,))
    batch = pa.RecordBatch.from_pydict({"n": pa.array([text], pa.string())})
    [row] = conform(batch, table).to_pylist()
    assert row["n"] == (Decimal(text) if fits else None)
    assert (row["_unfit"] is None) == fits
