"""The log of a table, whose buckets may be read a second time."""

from pathlib import Path

import pyarrow as pa
import pytest

from contracts import Column, SourceTable, Type
from ingestion_lambda.capture.images import Images
from ingestion_lambda.capture.table_log import TableLog
from ingestion_lambda.mirror.changes_file import ChangesFile
from ingestion_lambda.mirror.mirror import Mirror
from ingestion_lambda.source.log.rows import image_schema
from lake import now, open_lake

pytestmark = pytest.mark.lambda_runtime

TABLE = SourceTable("thing", "", "id", (Column("id", Type.parse("bigint"), False, ""),))


def test_rows_that_the_log_does_not_explain_count_once_if_the_table_is_read_again(tmp_path: Path):
    image = {"id": 1, "_place": 1, "_change": 0, "_is_deleted": False, "_is_inserted": True}
    store = open_lake(f"{tmp_path.as_uri()}/i", f"{tmp_path.as_uri()}/p").ingestion
    with Images(TABLE) as images:
        images.add(pa.RecordBatch.from_pylist([image], image_schema(TABLE)))
        images.close()
        log = TableLog(images, [0])
        for _ in range(2):  # as after MirrorIncomplete
            with ChangesFile(TABLE, 2, now()) as changes:
                for bucket, difference in log.completed(Mirror(store, TABLE, {}), ()):
                    log.add_to(changes, bucket, difference)
            assert log.unexplained == 1
