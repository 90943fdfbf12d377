"""The file with the changed rows of a table."""

import io
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import contracts
from contracts.arrow import batch_schema, row_schema
from ingestion_lambda.mirror.changes_file import ChangesFile
from ingestion_lambda.mirror.difference import Difference
from lake.directory import DirectoryStore
from lake.entries import Changes

TABLE = contracts.source().tables["currency"]
OBSERVED = datetime(2024, 11, 15, 9, 0, 0, 123456)


def currencies(*codes: str) -> pa.Table:
    rows = [{"currency_id": key, "currency_code": code} for key, code in enumerate(codes, 1)]
    return pa.Table.from_pylist(rows, row_schema(TABLE))


def test_rows_of_a_difference_have_no_known_transaction_and_versions_have_theirs(tmp_path: Path):
    store = DirectoryStore(tmp_path)
    none = currencies()
    times = [datetime(2024, 11, 15, 8, 59, second) for second in (1, 2, 3)]
    with ChangesFile(TABLE, 7, OBSERVED) as changes:
        changes.add(Difference(currencies("GBP"), none, currencies("EUR", "USD"), none, none))
        changes.add_versions(
            currencies("A", "B", "C"),
            pa.array(["I", "U", "D"]),
            pa.array([0, 4, 5]),
            pa.array(times),
        )
        landed = changes.land(store, "changes.parquet")

    assert isinstance(landed, Changes)
    assert (landed.inserted, landed.updated, landed.deleted, landed.file.rows) == (2, 1, 3, 6)
    rows = pq.read_table(io.BytesIO(store.get("changes.parquet")))
    assert rows.schema.remove_metadata() == batch_schema(TABLE)
    assert [
        (r["currency_code"], r["op"], r["change_seq"], r["changed_at"]) for r in rows.to_pylist()
    ] == [
        ("GBP", "I", 0, None),
        ("EUR", "D", 0, None),
        ("USD", "D", 0, None),
        ("A", "I", 0, times[0]),
        ("B", "U", 4, times[1]),
        ("C", "D", 5, times[2]),
    ]
    assert set(rows["batch_seq"].to_pylist()) == {7}
    assert set(rows["observed_at"].to_pylist()) == {OBSERVED}
