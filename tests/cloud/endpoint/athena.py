"""Athena with its SQL dialect, the partitions of the Data Catalog, and the settings of workgroups.

ministack passes queries to DuckDB unchanged, reads all files below the folder of a table, does not
support parameters, prefers the settings of a client to those of the workgroup, and writes results
to another place than it reports.
"""

import asyncio
import csv
import io
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlglot
from ministack.core.responses import error_response_json
from ministack.services import athena, glue, s3
from sqlglot import exp

from tests.athena.engine import Athena, Column, Part, Table, filled

Request = dict[str, Any]


def install() -> None:
    """Replace the start and the execution of queries."""
    start = athena._start_query_execution

    def within_its_workgroup(request: Request) -> Any:
        workgroup = athena._workgroups.get(request.get("WorkGroup", "primary"))
        if workgroup is None:
            return error_response_json("InvalidRequestException", "WorkGroup is not found.", 400)
        if workgroup["Configuration"].get("EnforceWorkGroupConfiguration"):
            request.pop("ResultConfiguration", None)
        given = request.pop("ExecutionParameters", [])
        return start({**request, "QueryString": filled(request["QueryString"], given)})

    athena._start_query_execution = within_its_workgroup
    athena._run_duckdb = _answered
    athena._save_query_results = _saved


async def _answered(query: str, database: str, _: str | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(_answer, query, database)


def _answer(query: str, database: str) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        Athena(_tables(query, database, Path(folder))) as engine,
    ):
        answer = engine.run(query, database)
    rows = [[_shown(value) for value in row] for row in answer.rows]
    types = ["varchar"] * len(answer.columns)
    return {"columns": answer.columns, "column_types": types, "rows": rows}


async def _saved(query_id: str) -> None:
    """Write the results to the location that the execution reports."""
    execution = athena._executions.get(query_id)
    results, file = execution["_results"], io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([results["columns"], *results["rows"]])
    address = urlsplit(execution["ResultConfiguration"]["OutputLocation"])
    s3._put_object(address.netloc, address.path.lstrip("/"), file.getvalue().encode(), {})


def _tables(query: str, database: str, folder: Path) -> Iterator[Table]:
    """Yield the tables of the query, with their files copied into ``folder``."""
    named = sqlglot.parse_one(query, read="athena").find_all(exp.Table)
    for schema, name in sorted({(table.db or database, table.name) for table in named}):
        key = f"{schema}/{name}"
        if found := glue._tables.get(key):
            parts = [
                Part(
                    partition["Values"], _files(partition["StorageDescriptor"]["Location"], folder)
                )
                for partition in glue._partitions.get(key, [])
            ]
            columns = _columns(found["StorageDescriptor"]["Columns"])
            yield Table(schema, name, columns, _columns(found["PartitionKeys"]), parts)


def _columns(described: list[dict[str, str]]) -> list[Column]:
    return [Column(column["Name"], column["Type"]) for column in described]


def _files(location: str, folder: Path) -> list[str]:
    """Return copies of the objects that Athena reads below a location: all but hidden ones."""
    address = urlsplit(location)
    prefix = address.path.strip("/") + "/"
    copies = []
    for key in sorted(s3._buckets[address.netloc]["objects"]):
        if key.startswith(prefix) and key.removeprefix(prefix)[:1] not in ("", ".", "_"):
            copy = folder / key.replace("/", "-")
            copy.write_bytes(s3._get_object_data(address.netloc, key))
            copies.append(str(copy))
    return copies


def _shown(value: Any) -> Any:
    return value.isoformat(" ", "milliseconds") if isinstance(value, datetime) else value
