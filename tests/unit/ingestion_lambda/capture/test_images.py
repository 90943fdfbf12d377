"""The images of a table, by bucket, in bounded memory."""

import pyarrow as pa
import pytest

from contracts import Column, SourceTable, Type
from ingestion_lambda.capture import images as module
from ingestion_lambda.capture.images import Images
from ingestion_lambda.mirror.buckets import SHIFT
from ingestion_lambda.source.log.messages import UnreadableLog
from ingestion_lambda.source.log.rows import image_schema

pytestmark = pytest.mark.lambda_runtime

TABLE = SourceTable("thing", "", "id", (Column("id", Type.parse("bigint"), False, ""),))


def batch(*keys: int, place: int = 0) -> pa.RecordBatch:
    rows = [{"id": key, "_place": place + n, "_change": 0} for n, key in enumerate(keys)]
    return pa.RecordBatch.from_pylist(rows, image_schema(TABLE))


@pytest.mark.parametrize("rows_in_memory", [0, 3, 99])
def test_images_are_read_by_bucket_whatever_the_order_of_their_keys(
    rows_in_memory: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "IN_MEMORY", rows_in_memory * batch(1).nbytes)
    far = 5 << SHIFT
    with Images(TABLE) as images:
        images.add(batch(far, 2, -1, 1))
        images.add(batch(1, far + 1, place=10))
        images.close()
        assert images.buckets == {-1, 0, 5}
        rows = {bucket: images.read(bucket).to_pylist() for bucket in (-1, 0, 5, 7)}
    assert sorted((r["id"], r["_place"]) for r in rows[0]) == [(1, 3), (1, 10), (2, 1)]
    assert sorted(r["id"] for r in rows[5]) == [far, far + 1]
    assert ([r["id"] for r in rows[-1]], rows[7]) == ([-1], [])


def test_too_many_changes_of_neighbouring_rows_are_unreadable(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_BYTES", 3 * batch(1).nbytes)
    with Images(TABLE) as images:
        images.add(batch(1, 2, 1 << SHIFT))
        images.add(batch(1))
        with pytest.raises(UnreadableLog, match="thing has changes of neighbouring rows"):
            images.add(batch(2))
