"""A bucket compared with its mirror, against a plain model."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_lambda.mirror.buckets import by_bucket
from ingestion_lambda.mirror.difference import difference

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


@given(rows, rows, st.sets(st.integers(0, 12)))
def test_difference_is_that_of_a_plain_model(known: Model, seen: Model, gone: set[int]):
    gone = gone & known.keys() - seen.keys()
    found = difference(table(known), table(seen), pa.array(sorted(gone), pa.int32()), "id")
    assert model(found.inserted) == {k: v for k, v in seen.items() if k not in known}
    assert model(found.updated) == {k: v for k, v in seen.items() if known.get(k, v) != v}
    assert model(found.deleted) == {k: known[k] for k in gone}
    now = {**known, **seen}
    assert found.mirror.to_pylist() == table({k: now[k] for k in now.keys() - gone}).to_pylist()
    assert found.is_empty == (now == known and not gone)


@given(st.lists(st.integers(-(2**31), 2**31 - 1), unique=True), st.integers(1, 5))
def test_rows_are_cut_into_buckets_in_order_and_none_is_lost(keys: list[int], size: int):
    schema = pa.schema([("id", pa.int32())])
    ordered = pa.record_batch([pa.array(sorted(keys), pa.int32())], schema)
    batches = [ordered.slice(start, size) for start in range(0, len(keys), size)]
    cut = list(by_bucket(batches, "id", schema))
    assert [key for _, part in cut for key in part["id"].to_pylist()] == sorted(keys)
    assert [bucket for bucket, _ in cut] == sorted({key >> 14 for key in keys})
    assert all(key >> 14 == bucket for bucket, part in cut for key in part["id"].to_pylist())
