"""SQL over the published tables of a lake, with the names of the warehouse, in DuckDB."""

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb

import contracts
from contracts import PlatformError, Type
from contracts.field_ids import field_ids
from lake import Lake
from lake.layout import INGESTED
from postgres import Sql, render, value
from publish.local_catalog import LocalCatalog
from publish.tables import PublishedTable, published_tables
from warehouse.lake_views import as_of, lake_views, question_views

GLOB = re.compile(r"[\[*?]")
FILES, LANDED = "lake", "ingestion"
"""The schemas of the tables as they are in the lake: those of the warehouse and of the source."""

READ = "create view {schema}.{table} as select * from read_parquet({files}, schema = map {columns})"
EMPTY = "create table {schema}.{table} ({columns})"
AS_OF = "create macro {name}(time_asked) as table {body}"
VIEW = "create view {name} as {body}"


class QueryRefused(PlatformError):
    """The query is not one SELECT, or DuckDB cannot run it."""

    exit_code = 2


def query(lake: Lake, text: str, *, as_csv: bool) -> None:
    """Run a SELECT over the published tables and print its rows, as a table or as CSV. Raises
    QueryRefused."""
    with names_of_the_warehouse(lake, text) as database:
        try:
            found = database.sql(_one_select(text))
            if as_csv:
                rows = csv.writer(sys.stdout, lineterminator="\n")
                rows.writerow(found.columns)
                rows.writerows(found.fetchall())
            else:
                found.show(max_rows=1000)
        except duckdb.Error as refusal:
            raise QueryRefused(
                f"The query fails: {str(refusal).rstrip('.')}. To fix: correct it; the names of all"
                " tables and columns are in `information_schema.columns`."
            ) from None


@contextmanager
def names_of_the_warehouse(lake: Lake, text: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
    """Provide a database in memory with the published tables, views that have the names of the
    warehouse, and those business questions that the text names. It can read the lake and no other
    files."""
    with duckdb.connect() as database:
        for statement in _definitions(lake, text):
            database.execute(statement)
        folders = [_path(store.uri("")) for store in (lake.processed, lake.ingestion)]
        allowed = _list([*folders, *map(_escape_glob, folders)])
        database.execute(f"set allowed_directories = {allowed}")
        database.execute("set enable_external_access = false")
        yield database


def _one_select(text: str) -> str:
    try:
        statements = duckdb.extract_statements(text)
    except duckdb.Error as refusal:
        raise QueryRefused(f"The query is not valid SQL: {refusal} To fix: correct it.") from None
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise QueryRefused(
            "The lake is only read, by one SELECT at a time. To fix: give one SELECT."
        )
    return text


def _definitions(lake: Lake, text: str) -> Iterator[str]:
    """Yield the statements that make the tables and views, in order."""
    catalog, located = LocalCatalog(lake), LocalCatalog(lake).locations()
    yield from (f"create schema {schema}" for schema in (FILES, LANDED, "etl"))
    for published in published_tables(lake.generation):
        yield _files(published, catalog if published.identifier in located else None)
    warehouse = contracts.warehouse()
    asked = {name: body for name, body in question_views().items() if name in text}
    for name, body in {**lake_views(contracts.source(), warehouse), **asked}.items():
        yield render(VIEW, name=Sql(name), body=Sql(body))
    for fact in warehouse.facts:
        yield render(AS_OF, name=f"{fact.name}_as_of", body=as_of(fact, Sql("time_asked")))


def _files(published: PublishedTable, catalog: LocalCatalog | None) -> str:
    """Return the statement that makes a table of the lake, with the columns of the contract: files
    name their columns by field id."""
    schema = LANDED if published.namespace == INGESTED else FILES
    tasks = catalog.table(published).scan().plan_files() if catalog else ()
    paths = [_escape_glob(_path(task.file.file_path)) for task in tasks]
    ids = field_ids(published.columns)
    types = {column.name: _duckdb_type(column.type) for column in published.columns}
    if not paths:
        listed = ", ".join(render("{c} {t}", c=name, t=Sql(t)) for name, t in types.items())
        return render(EMPTY, schema=schema, table=published.name, columns=Sql(listed))
    fields = (
        f"{ids[name]}: {{name: {value(name)}, type: {value(t)}, default_value: null}}"
        for name, t in types.items()
    )
    return render(
        READ,
        schema=schema,
        table=published.name,
        files=_list(paths),
        columns=Sql(f"{{{', '.join(fields)}}}"),
    )


def _list(texts: Sequence[str]) -> Sql:
    return Sql(f"[{', '.join(value(text) for text in texts)}]")


def _duckdb_type(type_: Type) -> str:
    match type_.kind:
        case "int":
            return "integer"
        case "text" | "time":
            return "varchar"
        case "numeric":
            return f"decimal({type_.precision},{type_.scale})"
        case kind:
            return kind


def _escape_glob(path: str) -> str:
    return GLOB.sub(r"[\g<0>]", path)


def _path(address: str) -> str:
    return address.removeprefix("file://")
