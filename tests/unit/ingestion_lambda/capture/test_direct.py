"""Rows with one image take their version from the difference; all others are left."""

from typing import Any

import pyarrow as pa
import pytest

from contracts import Column, SourceTable, Type
from contracts.arrow import row_schema
from ingestion_lambda.capture.direct import direct_versions
from ingestion_lambda.mirror.difference import compare
from ingestion_lambda.source.log.rows import image_schema

pytestmark = pytest.mark.lambda_runtime

COLUMNS = (
    Column("id", Type.parse("int"), False, ""),
    Column("word", Type.parse("text"), True, ""),
)
TABLE = SourceTable("thing", "", "id", COLUMNS)


def image(key: int, word: str | None, change: int = 0, **flags: Any) -> dict[str, Any]:
    usual = {"_place": change, "_change": change, "_is_deleted": False, "_is_inserted": False}
    return {"id": key, "word": word, **usual, **flags}


def direct(*images: dict[str, Any]) -> list[tuple[str, int, str | None, int]]:
    """Return the direct versions of a bucket in which row 1 was edited and row 3 inserted."""
    schema = row_schema(TABLE)
    mirrored = pa.Table.from_pylist([{"id": 1, "word": "a"}, {"id": 2, "word": "b"}], schema)
    rows = pa.Table.from_pylist([{"id": 1, "word": None}, {"id": 3, "word": "c"}], schema)
    difference = compare(mirrored, rows, pa.array([], pa.int32()), "id")
    table = pa.Table.from_pylist(list(images), image_schema(TABLE))
    found = direct_versions(TABLE, difference, table).to_pylist()
    return [(row["op"], row["id"], row["word"], row["_change"]) for row in found]


def test_only_image_that_is_the_row_of_the_difference_is_its_version():
    inserted = image(3, "c", 5, _is_inserted=True)
    assert direct(image(1, None, 4), inserted) == [("U", 1, None, 4), ("I", 3, "c", 5)]


@pytest.mark.parametrize(
    "images",
    [
        [image(1, "x"), image(1, None, 1)],  # more than one
        [image(1, "x")],  # another row
        [image(1, None, _is_deleted=True)],
        [image(1, None, _unchanged=",1,")],
        [image(1, None, _is_inserted=True)],  # while another row has its key
        [image(2, "b")],  # not in the difference
        [],
    ],
)
def test_other_images_are_left(images: list[dict[str, Any]]):
    assert direct(*images) == []
