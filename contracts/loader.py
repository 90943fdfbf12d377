"""Read the contracts from their files, and refuse those that contradict themselves."""

import csv
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

from contracts.errors import ContractError
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

HISTORY = (
    Column(
        "observed_at",
        Type("timestamp"),
        False,
        "Source clock of the snapshot in which the version was first seen.",
    ),
    Column("batch_seq", Type("bigint"), False, "The batch that brought the version."),
    Column("is_deleted", Type("boolean"), False, "Whether the version is a deletion."),
)
BEGIN = "created_date", "created_time"
"""The columns of a fact that say since when its first version is valid."""


@cache
def source() -> Source:
    """The operational database. Raises ContractError."""
    folder = project_folder("contracts/source")
    schema = _document(folder / "source.toml")["schema"]
    tables = [_source_table(path) for path in _tables(folder)]
    return Source(PROJECT, schema, {table.name: table for table in tables})


@cache
def warehouse() -> Warehouse:
    """The star schema, dimensions before facts. Raises ContractError."""
    tables = [_warehouse_table(path) for path in _tables(project_folder("contracts/warehouse"))]
    found = Warehouse({table.name: table for table in tables})
    _check(found, source())
    return found


@cache
def reference(name: str) -> Mapping[str, str]:
    """A reference list: code to name."""
    text = project_folder(f"contracts/reference/{name}.csv").read_text(encoding="utf-8")
    return {row["code"]: row["name"] for row in csv.DictReader(text.splitlines())}


def _tables(folder: Traversable) -> Iterable[Traversable]:
    paths = (path for path in folder.iterdir() if path.name.endswith(".toml"))
    return sorted((p for p in paths if p.name != "source.toml"), key=lambda path: path.name)


def _document(path: Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as wrong:
        raise ContractError(f"{path} is not TOML: {wrong}") from wrong


def _source_table(path: Traversable) -> SourceTable:
    document, name = _document(path), path.name.removesuffix(".toml")
    try:
        return SourceTable(name, document["about"], document["key"], _columns(document["columns"]))
    except (KeyError, TypeError, ValueError) as wrong:
        raise ContractError(f"{path}: {wrong!r}; compare it with its neighbours.") from wrong


def _warehouse_table(path: Traversable) -> WarehouseTable:
    document, name = _document(path), path.name.removesuffix(".toml")
    try:
        columns = _columns(document["columns"])
        common = name, document["about"], document["key"]
        match document["kind"]:
            case "calendar":
                return Calendar(*common, columns, document["first"], document["last"])
            case "dimension":
                lookups = document.get("lookups", {})
                incremental = document.get("pass_through", False)
                if incremental and lookups:
                    raise ValueError("a dimension that passes rows through can look up nothing")
                return Dimension(*common, columns, document["of"], lookups, incremental)
            case "fact":
                if lacking := [name for name in BEGIN if name not in document["columns"]]:
                    raise ValueError(f"a fact's history begins at {lacking}, which it lacks")
                own = document["of"], document["record"], document["star"]
                return Fact(*common, columns + HISTORY, *own)
            case kind:
                raise ValueError(f"'{kind}' is no kind of table")
    except (KeyError, TypeError, ValueError) as wrong:
        raise ContractError(f"{path}: {wrong!r}; compare it with its neighbours.") from wrong


def _columns(spelled: Mapping[str, Mapping[str, Any]]) -> tuple[Column, ...]:
    return tuple(
        Column(
            name,
            Type.parse(spec["type"].removesuffix("?")),
            spec["type"].endswith("?"),
            spec["about"],
            spec.get("from", name),
            spec.get("translate", ""),
            spec.get("references", ""),
            _flag(spec, "personal"),
        )
        for name, spec in spelled.items()
    )


def _flag(spec: Mapping[str, Any], name: str) -> bool:
    found = spec.get(name, False)
    if not isinstance(found, bool):
        raise TypeError(f"{name} is true or false, without quotes, and not {found!r}")
    return found


def _check(warehouse: Warehouse, source: Source) -> None:
    """Every name that a warehouse contract uses exists where it says."""
    tables: list[Dimension | Fact] = [*warehouse.dimensions, *warehouse.facts]
    for table in tables:
        lookups = table.lookups if isinstance(table, Dimension) else {}
        try:
            table.column(table.key)
            for holder in lookups.values():
                source.tables[table.of].column(holder)
            for column in table.columns:
                if column not in HISTORY:
                    source.tables[column.lookup or table.of].column(column.origin_column)
                if column.references:
                    warehouse.tables[column.references].key  # noqa: B018 - a KeyError is the check
        except KeyError as missing:
            raise ContractError(
                f"totesys/contracts/warehouse/{table.name}.toml names {missing}, which does not exist."
            ) from missing
