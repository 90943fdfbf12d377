"""Run a program that people would pick instead of a poll: it writes every table to Parquet.

    .venv-bench/bin/python -m benchmarks.peers connectorx DSN FOLDER TABLE…

It runs in the environment of requirements/bench.txt, so it imports no module of the project. Every
program writes with the compression of the lake. Only dlt with scd2 keeps a history; it writes to
PostgreSQL, because its filesystem destination has no scd2.
"""

import json
import os
import subprocess  # nosec B404 # sling is a program
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 50_000  # of a batch
COMPRESSION = "zstd"
Tables = Sequence[str]


def _all_of(table: str) -> str:
    return f"select * from {table}"  # nosec B608 # a name of the contracts


def connectorx(dsn: str, folder: Path, tables: Tables) -> None:
    """Read each table as one Arrow table."""
    import connectorx

    for table in tables:
        rows = connectorx.read_sql(dsn, _all_of(table), return_type="arrow")
        pq.write_table(rows, folder / f"{table}.parquet", compression=COMPRESSION)


def adbc(dsn: str, folder: Path, tables: Tables) -> None:
    """Read each table as a stream; numeric stays text."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(dsn) as connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(_all_of(table))
            _write(folder, table, cursor.fetch_record_batch())


def psycopg(dsn: str, folder: Path, tables: Tables) -> None:
    """Read each table over a server-side cursor, as Python's objects."""
    import psycopg

    with psycopg.connect(dsn) as connection:
        for table in tables:
            with connection.cursor(name="bench") as cursor:
                cursor.execute(_all_of(table))
                names = [column.name for column in cursor.description or ()]
                _write_all(folder, table, _batches(cursor, names))


def _batches(cursor: Any, names: list[str]) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(ROWS):
        columns = [pa.array(column) for column in zip(*rows, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, names=names)


def _write_all(folder: Path, table: str, batches: Iterator[pa.RecordBatch]) -> None:
    """Write batches whose types are those of the first one, with room for larger numbers."""
    if (first := next(batches, None)) is None:
        return
    schema = pa.schema([field.with_type(_wide(field.type)) for field in first.schema])
    with pq.ParquetWriter(folder / f"{table}.parquet", schema, compression=COMPRESSION) as writer:
        for batch in (first, *batches):
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def _wide(type_: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal(type_):
        return pa.decimal128(38, type_.scale)
    return pa.string() if pa.types.is_null(type_) else type_


def _write(folder: Path, table: str, reader: pa.RecordBatchReader) -> None:
    schema = pa.schema([field.with_type(_plain(field.type)) for field in reader.schema])
    with pq.ParquetWriter(folder / f"{table}.parquet", schema, compression=COMPRESSION) as writer:
        for batch in reader:
            writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def _plain(type_: pa.DataType) -> pa.DataType:
    return type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_


def dlt(dsn: str, folder: Path, tables: Tables) -> None:
    """Read each table in chunks of Arrow into dlt's filesystem destination."""
    import dlt
    from dlt.destinations import filesystem

    source = _dlt_source(dsn, tables, "pyarrow")
    destination = filesystem(bucket_url=folder.as_uri())
    pipeline = dlt.pipeline("bench", pipelines_dir=str(folder / "state"), destination=destination)
    pipeline.run(source, loader_file_format="parquet")


def dlt_scd2(dsn: str, folder: Path, tables: Tables) -> None:
    """Keep the history of the tables in PostgreSQL, in a database of its own beside the source."""
    import dlt
    from dlt.destinations import postgres

    source = _dlt_source(dsn, tables, "sqlalchemy")
    for resource in source.resources.values():
        resource.apply_hints(write_disposition={"disposition": "merge", "strategy": "scd2"})
    history = f"{dsn.rpartition('/')[0]}/dlt_history"
    pipeline = dlt.pipeline(
        "history",
        pipelines_dir=str(folder / "state"),
        destination=postgres(credentials=history),
        dataset_name="history",
    )
    pipeline.run(source)


def _dlt_source(dsn: str, tables: Tables, backend: str) -> Any:
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    from dlt.sources.sql_database import sql_database

    return sql_database(dsn, table_names=[*tables], backend=backend, chunk_size=ROWS)


def sling(dsn: str, folder: Path, tables: Tables) -> None:
    """Read each table with sling into CSV: for Parquet it fetches DuckDB from the internet."""
    found = find_spec("sling_linux_amd64")
    [place] = (found and found.submodule_search_locations) or [""]
    program = Path(place) / "bin" / "sling-linux-amd64"
    replication = {
        "source": "SOURCE",
        "target": "LOCAL",
        "defaults": {
            "mode": "full-refresh",
            "object": f"{folder.as_uri()}/{{stream_table}}.csv",
            "target_options": {"format": "csv", "compression": COMPRESSION},
        },
        "streams": {f"public.{table}": {} for table in tables},
    }
    (folder / "replication.json").write_text(json.dumps(replication))
    command = [str(program), "run", "-r", str(folder / "replication.json")]
    environ = {"SLING_DISABLE_TELEMETRY": "true", "SOURCE": f"{dsn}?sslmode=disable"}
    subprocess.run(command, check=True, env={**os.environ, **environ})  # nosec B603 # a locked program


PEERS: Mapping[str, Callable[[str, Path, Tables], None]] = {
    "connectorx": connectorx,
    "ADBC": adbc,
    "dlt, pyarrow": dlt,
    "sling": sling,
    "psycopg cursor": psycopg,
    "dlt scd2": dlt_scd2,
}


def main() -> None:
    """Run one peer."""
    name, dsn, folder, *tables = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    PEERS[name](dsn, Path(folder), tables)


if __name__ == "__main__":
    main()
