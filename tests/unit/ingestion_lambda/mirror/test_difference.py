"""The difference of a bucket, compared with a plain model."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion_lambda.mirror.buckets import by_bucket
from ingestion_lambda.mirror.difference import compare

pytestmark = pytest.mark.lambda_runtime

SCHEMA = pa.schema([("id", pa.int32()), ("a", pa.string()), ("b", pa.int32())])
Model = dict[int, tuple[str | None, int | None]]

rows = st.dictionaries(
    st.integers(0, 12),
    st.tuples(st.sampled_from([None, "", "x"]), st.sampled_from([None, 0, 1])),
)


def table(model: Model) -> pa.Table:
    return pa.Table.from_pylist(
        [{"id": key, "a": a, "b": b} for key, (a, b) in sorted(model.items())], SCHEMA
    )


def model(rows: pa.Table) -> Model:
    return {row["id"]: (row["a"], row["b"]) for row in rows.to_pylist()}


@settings(deadline=None)  # the first call loads what Arrow needs
@given(rows, rows, st.sets(st.integers(0, 12)))
def test_difference_equals_that_of_a_plain_model(mirrored: Model, read: Model, deleted: set[int]):
    deleted = deleted & mirrored.keys() - read.keys()
    keys = pa.array(sorted(deleted), pa.int32())
    difference = compare(table(mirrored), table(read), keys, "id")
    assert model(difference.inserted) == {k: v for k, v in read.items() if k not in mirrored}
    assert model(difference.updated) == {k: v for k, v in read.items() if mirrored.get(k, v) != v}
    assert model(difference.deleted) == {k: mirrored[k] for k in deleted}
    after = {**mirrored, **read}
    remaining = {k: after[k] for k in after.keys() - deleted}
    assert difference.mirror.to_pylist() == table(remaining).to_pylist()
    assert difference.is_empty == (after == mirrored and not deleted)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**31), 2**31 - 1), unique=True), st.integers(1, 5))
def test_rows_are_split_into_buckets_in_order_without_loss(keys: list[int], size: int):
    schema = pa.schema([("id", pa.int32())])
    ordered = pa.record_batch([pa.array(sorted(keys), pa.int32())], schema)
    batches = [ordered.slice(start, size) for start in range(0, len(keys), size)]
    buckets = list(by_bucket(batches, "id", schema))
    assert [key for _, part in buckets for key in part["id"].to_pylist()] == sorted(keys)
    assert [bucket for bucket, _ in buckets] == sorted({key >> 14 for key in keys})
    assert all(key >> 14 == bucket for bucket, part in buckets for key in part["id"].to_pylist())
