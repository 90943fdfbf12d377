"""Athena with its SQL dialect, the Iceberg tables and the views of the Data Catalog, and the
settings of workgroups.

ministack passes queries to DuckDB unchanged, reads no Iceberg tables, has no views, does not
support parameters, prefers the settings of a client to those of the workgroup, and writes results
to another place than it reports.
"""

import asyncio
import base64
import csv
import io
import json
import tempfile
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import sqlglot
from ministack.core import iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region
from ministack.services import athena, glue, s3
from sqlglot import exp

from tests.athena.engine import Answer, Athena, Table, filled, iceberg_table
from tests.cloud.endpoint import roles, table_versions
from tests.cloud.endpoint.objects import object_at

Request = dict[str, Any]
ICEBERG, VIEW = "ICEBERG", "VIRTUAL_VIEW"
TYPES = {"VARCHAR": "string", "INTEGER": "int", "HUGEINT": "decimal(38,0)"}


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
        query = filled(request["QueryString"], given) if given else request["QueryString"]
        return start({**request, "QueryString": query})

    athena._start_query_execution = within_its_workgroup
    athena._run_duckdb = _answered
    athena._save_query_results = _saved


async def _answered(query: str, database: str, _: str | None = None) -> dict[str, Any]:
    return await asyncio.to_thread(_answer, query, database)


def _answer(query: str, database: str) -> dict[str, Any]:
    tree = _parsed(query)
    is_view = isinstance(tree, exp.Create) and tree.kind == "VIEW"
    with tempfile.TemporaryDirectory() as folder, Athena() as engine:
        _Relations(engine, None if is_view else Path(folder)).add(tree, database)
        if is_view:
            view = cast(exp.Create, tree)
            select = view.expression.sql("athena")
            _store_view(database, view.this.name, select, engine.run(select, database))
            return {"columns": [], "column_types": [], "rows": []}
        answer = engine.run(query, database)
    rows = [[_shown(value) for value in row] for row in answer.rows]
    types = ["varchar"] * len(answer.columns)
    return {"columns": answer.columns, "column_types": types, "rows": rows}


class _Relations:
    """Adds the tables and views that a query names, and those that these views name, to an engine.
    Without a folder for their files tables have no rows."""

    def __init__(self, engine: Athena, folder: Path | None) -> None:
        self._engine, self._folder, self._added = engine, folder, set[tuple[str, str]]()

    def add(self, query: exp.Expr, database: str) -> None:
        for table in query.find_all(exp.Table):
            place = (table.db or database, table.name)
            found = glue._tables.get("/".join(place))
            if found and place not in self._added:
                self._added.add(place)
                _check("glue:GetTable", *place)
                self._add(*place, found)

    def _add(self, database: str, name: str, found: Request) -> None:
        if found["Parameters"].get("table_type") == ICEBERG:
            table = _table(database, name, found["Parameters"]["metadata_location"])
            files = [self._copy(file) for file in table.files] if self._folder else []
            self._engine.create_table(replace(table, files=files))
        elif found["TableType"] == VIEW:
            text = found["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
            select = json.loads(base64.b64decode(text))["originalSql"]
            self.add(_parsed(select), database)
            self._engine.create_view(database, name, select)

    def _copy(self, address: str) -> str:
        """Return the path of a copy of an object."""
        copy = cast(Path, self._folder) / address.replace("/", "-")
        copy.write_bytes(object_at(address))
        return str(copy)


@cache
def _parsed(query: str) -> exp.Expr:
    """Return a query, not to be changed: views name each other again and again."""
    return sqlglot.parse_one(query, read="athena")


@cache
def _table(database: str, name: str, metadata: str) -> Table:
    """Return the table whose metadata is at this address, with the addresses of its files."""
    from tests.cloud.endpoint.iceberg import static_table  # noqa: PLC0415 - a second

    return iceberg_table(database, name, static_table(metadata), str)


def _store_view(database: str, name: str, select: str, answer: Answer) -> None:
    """Create or replace a view in the Data Catalog, with the rights of the caller."""
    described = zip(answer.columns, answer.types, strict=True)
    columns = [{"Name": c, "Type": TYPES.get(t, t.lower())} for c, t in described]
    definition = {"originalSql": select, "catalog": "awsdatacatalog", "schema": database}
    text = base64.b64encode(json.dumps(definition).encode()).decode()
    view = {
        "Name": name,
        "TableType": VIEW,
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": columns},
    }
    request = {"DatabaseName": database, "TableInput": view}
    if f"{database}/{name}" in glue._tables:
        _check("glue:UpdateTable", database, name)
        table_versions._update(request)
    else:
        _check("glue:CreateTable", database, name)
        glue._create_table(request)


def _check(action: str, database: str, name: str) -> None:
    """Check an action of Athena on a table with the role of the caller. Raises NotAllowed."""
    if key := iam_evaluator._verified_key.get():
        role = {"AWS_ACCESS_KEY_ID": key}
        place = f"arn:aws:glue:{get_region()}:{get_account_id()}"
        roles.check(role, "glue:GetDatabase", f"{place}:database/{database}")
        roles.check(role, action, f"{place}:table/{database}/{name}")


async def _saved(query_id: str) -> None:
    """Write the results to the location that the execution reports."""
    execution = athena._executions.get(query_id)
    results, file = execution["_results"], io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([results["columns"], *results["rows"]])
    address = urlsplit(execution["ResultConfiguration"]["OutputLocation"])
    bucket, key = address.netloc, address.path.lstrip("/")
    if caller := iam_evaluator._verified_key.get():
        role = {"AWS_ACCESS_KEY_ID": caller}
        roles.check(role, "s3:GetBucketLocation", f"arn:aws:s3:::{bucket}")
        roles.check(role, "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
    s3._put_object(bucket, key, file.getvalue().encode(), {})


def _shown(value: Any) -> Any:
    return value.isoformat(" ", "microseconds") if isinstance(value, datetime) else value
