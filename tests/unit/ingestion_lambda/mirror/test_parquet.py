"""The encoding of the Parquet files that a poll writes."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import contracts
from contracts.arrow import row_schema
from ingestion_lambda.mirror.parquet import parquet_options

pytestmark = pytest.mark.lambda_runtime


@pytest.mark.parametrize("table", contracts.source().tables.values(), ids=lambda table: table.name)
def test_only_texts_and_dates_have_a_dictionary(table: contracts.SourceTable):
    schema, body = row_schema(table), io.BytesIO()
    nothing = [pa.nulls(3, field.type) for field in schema]
    pq.write_table(pa.table(nothing, schema), body, **parquet_options(schema))
    [group] = [pq.read_metadata(body).row_group(0)]
    columns = [group.column(number) for number in range(group.num_columns)]
    with_dictionary = {c.path_in_schema for c in columns if "RLE_DICTIONARY" in c.encodings}
    texts = {f.name for f in schema if str(f.type) in ("string", "date32[day]")}
    assert with_dictionary == texts
    assert {column.compression for column in columns} == {"ZSTD"}
