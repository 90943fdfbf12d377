"""Read the contracts of a project. Everything that is invalid raises ContractError."""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, cast

from contracts.documents import (
    CalendarDocument,
    ColumnDocument,
    DimensionColumn,
    DimensionDocument,
    FactColumn,
    FactDocument,
    SourceColumn,
    SourceDocument,
    TableDocument,
    WarehouseDocument,
    decode,
)
from contracts.errors import ContractError
from contracts.names import check_source, check_source_table, check_warehouse_table
from contracts.nearest import nearest
from contracts.observation import VERSION
from contracts.project import PROJECT, project_folder
from contracts.tables import (
    Calendar,
    Column,
    Dimension,
    Fact,
    Source,
    SourceTable,
    Type,
    Warehouse,
    WarehouseTable,
)

KINDS: Mapping[str, type[WarehouseDocument]] = {
    "calendar": CalendarDocument,
    "dimension": DimensionDocument,
    "fact": FactDocument,
}


@cache
def source(project: Path | None = None) -> Source:
    """Return the operational database of the project. Raises ContractError."""
    folder = (project or project_folder()) / "contracts" / "source"
    path = folder / "source.toml"
    document = decode(_read(path), SourceDocument, str(path))
    tables = [_source_table(file) for file in _files(folder) if file.name != "source.toml"]
    by_name = {table.name: table for table in tables}
    database = Source(PROJECT, document.schema, by_name, document.timezone, document.created)
    check_source(database, str(path))
    return database


@cache
def warehouse(project: Path | None = None) -> Warehouse:
    """Return the star schema of the project, its tables by name. Raises ContractError."""
    contracts = (project or project_folder()) / "contracts"
    paths = {_name(path): path for path in _files(contracts / "warehouse")}
    stars = Warehouse({name: _warehouse_table(path) for name, path in paths.items()})
    lists = [_name(path) for path in _files(contracts / "reference", ".csv")]
    for name, table in stars.tables.items():
        check_warehouse_table(table, stars, source(project), lists, str(paths[name]))
    return stars


@cache
def reference(name: str, project: Path | None = None) -> Mapping[str, str]:
    """Return a reference list: a name by code. Raises ContractError."""
    path = (project or project_folder()) / "contracts" / "reference" / f"{name}.csv"
    rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    if rows.fieldnames != ["code", "name"]:
        raise ContractError(f"{path}: the header is not 'code,name'. To fix: edit the file.")
    return {row["code"]: row["name"] for row in rows}


def _files(folder: Traversable, suffix: str = ".toml") -> Iterable[Traversable]:
    paths = (path for path in folder.iterdir() if path.name.endswith(suffix))
    return sorted(paths, key=lambda path: path.name)


def _name(path: Traversable) -> str:
    return path.name.partition(".")[0]


def _read(path: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise ContractError(f"{path} is not a TOML document: {wrong}. To fix: edit it.") from wrong
    except FileNotFoundError:
        raise ContractError(f"{path} does not exist. To fix: create it.") from None


def _source_table(path: Traversable) -> SourceTable:
    document = decode(_read(path), TableDocument, str(path))
    columns = _columns(document, SourceColumn, path)
    table = SourceTable(_name(path), document.about, document.key, columns)
    check_source_table(table, str(path))
    return table


def _warehouse_table(path: Traversable) -> WarehouseTable:
    fields = _read(path)
    kind = str(fields.get("kind", ""))
    if kind not in KINDS:
        hint = nearest(kind, KINDS)
        raise ContractError(f"{path}: kind is '{kind}'; {hint} To fix: edit the file.")
    document = decode(fields, KINDS[kind], str(path))
    common = _name(path), document.about, document.key
    match document:
        case CalendarDocument(first=first, last=last):
            return Calendar(*common, _columns(document, ColumnDocument, path), first, last)
        case DimensionDocument(of=of, lookups=lookups, incremental=incremental):
            columns = _columns(document, DimensionColumn, path)
            return Dimension(*common, columns, of, lookups, incremental)
    fact = cast(FactDocument, document)
    columns = _columns(document, FactColumn, path)
    return Fact(*common, columns + VERSION, fact.of, fact.record, fact.star)


def _columns(
    table: TableDocument, kind: type[ColumnDocument], path: Traversable
) -> tuple[Column, ...]:
    return tuple(
        _column(name, decode(spec, kind, f"{path}, column {name}"), f"{path}, column {name}")
        for name, spec in table.columns.items()
    )


def _column(name: str, spec: ColumnDocument, where: str) -> Column:
    try:
        type_ = Type.parse(spec.type.removesuffix("?"))
    except ValueError as wrong:
        raise ContractError(f"{where}: {wrong} To fix: edit the file.") from wrong
    column = Column(name, type_, spec.type.endswith("?"), spec.about, field_id=spec.field_id)
    match spec:
        case SourceColumn(personal=personal):
            return replace(column, personal=personal)
        case DimensionColumn(origin=origin, translate=translate):
            return replace(column, origin=origin or name, translate=translate)
        case FactColumn(origin=origin, references=references):
            return replace(column, origin=origin or name, references=references)
    return column
