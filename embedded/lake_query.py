"""SQL over the published tables of a lake, with the names of the warehouse, in DuckDB."""

import csv
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files

import duckdb

import contracts
from contracts import Fact, PlatformError, Type
from contracts.field_ids import field_ids
from lake import Lake
from postgres import Sql, names, render, value
from publish.catalog import LocalCatalog
from publish.tables import INGESTED, PublishedTable, published_tables

GLOB = re.compile(r"[\[*?]")
FILES = "lake"
"""The schema of the tables as they are in the lake."""

READ = "create view {schema}.{table} as select * from read_parquet({files}, schema = map {columns})"
EMPTY = "create table {schema}.{table} ({columns})"
VERSIONS = """
create view {fact} as
select {versions} from {schema}.{fact} as own
union all
select {deleted}
from {schema}.{tombstones} as gone
inner join lateral (
    select * from {schema}.{fact} as earlier
    where earlier.{key} = gone.{key}
        and (earlier.batch_seq, earlier.change_seq) < (gone.batch_seq, gone.change_seq)
    order by earlier.batch_seq desc, earlier.change_seq desc
    limit 1
) as own on true
"""
CURRENT = """
create view {current} as
select {columns} from {history} where is_current and not is_deleted
"""
MEMBERS = """
create view {history} as
select {columns}, batch_seq, change_seq, valid_from,
    lead(valid_from) over versions as valid_to,
    lead(batch_seq) over versions is null as is_current
from (
    select *, max(coalesce(changed_at, observed_at)) over versions as valid_from
    from {schema}.{dimension}
    window versions as (partition by {key} order by batch_seq, change_seq)
) as version
window versions as (partition by {key} order by batch_seq, change_seq)
"""
LATEST = "create view {dimension} as select {columns} from {history} where is_current"


class QueryRefused(PlatformError):
    """The query is not one SELECT, or DuckDB cannot run it."""

    exit_code = 2


def query(lake: Lake, text: str, *, as_csv: bool) -> None:
    """Run a SELECT over the published tables and print its rows, as a table or as CSV. Raises
    QueryRefused."""
    with names_of_the_warehouse(lake) as database:
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
def names_of_the_warehouse(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """Provide a database in memory with the published tables, and views that have the names of the
    warehouse. It can read the lake and no other files."""
    with duckdb.connect() as database:
        for statement in _definitions(lake):
            database.execute(statement)
        folder = _path(lake.processed.uri(""))
        allowed = _list([folder, _escape_glob(folder)])
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


def _definitions(lake: Lake) -> Iterator[str]:
    """Yield the statements that make the tables and views, in order."""
    catalog, located = LocalCatalog(lake), LocalCatalog(lake).locations()
    yield f"create schema {FILES}"
    for published in published_tables(lake.generation):
        if published.namespace != INGESTED:
            yield _files(published, catalog if published.identifier in located else None)
    warehouse = contracts.warehouse()
    for table in (*warehouse.calendars, *warehouse.dimensions):
        parts = {
            "dimension": table.name,
            "history": f"{table.name}_history",
            "columns": names(table.column_names),
            "key": table.key,
            "schema": FILES,
        }
        yield render(MEMBERS, **parts)
        yield render(LATEST, **parts)
    for fact in warehouse.facts:
        yield from _views(fact)


def _views(fact: Fact) -> Iterator[str]:
    own = [column for column in fact.columns if column.origin]
    values = [
        render("cast(own.{c} as time) as {c}" if c.type.kind == "time" else "own.{c}", c=c.name)
        for c in own
    ]
    observed = [column.name for column in fact.columns if not column.origin]
    versions = [*values, *(render("own.{c}", c=name) for name in observed)]
    gone = [Sql("true") if n == "is_deleted" else render("gone.{c}", c=n) for n in observed]
    parts = {
        "fact": fact.name,
        "key": fact.key,
        "schema": FILES,
        "tombstones": fact.tombstones,
        "versions": Sql(", ".join(versions)),
        "deleted": Sql(", ".join([*values, *gone])),
        "columns": names(fact.column_names),
        "view": f"{fact.name}_history",
        "history": f"{fact.name}_history",
        "current": f"{fact.name}_current",
    }
    yield render(VERSIONS, **parts)
    yield render((files("warehouse") / "views" / "history.sql").read_text("utf-8"), **parts)
    yield render(CURRENT, **parts)


def _files(published: PublishedTable, catalog: LocalCatalog | None) -> str:
    """Return the statement that makes a table of the lake, with the columns of the contract: files
    name their columns by field id."""
    tasks = catalog.table(published).scan().plan_files() if catalog else ()
    paths = [_escape_glob(_path(task.file.file_path)) for task in tasks]
    ids = field_ids(published.columns)
    types = {column.name: _duckdb_type(column.type) for column in published.columns}
    if not paths:
        listed = ", ".join(render("{c} {t}", c=name, t=Sql(t)) for name, t in types.items())
        return render(EMPTY, schema=FILES, table=published.name, columns=Sql(listed))
    fields = (
        f"{ids[name]}: {{name: {value(name)}, type: {value(t)}, default_value: null}}"
        for name, t in types.items()
    )
    return render(
        READ,
        schema=FILES,
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
