"""The words of a contract: types, columns, tables, and the two databases."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

Kind = Literal["int", "bigint", "text", "boolean", "numeric", "timestamp", "date", "time"]
KINDS: tuple[str, ...] = get_args(Kind)

UNKNOWN = "Unknown"
"""What a dimension says where a text that must not be NULL is not known (DATA.md, dim_staff)."""


@dataclass(frozen=True)
class Type:
    """A column's type in the terms of PostgreSQL; precision and scale belong to numeric alone."""

    kind: Kind
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        return f"numeric({self.precision},{self.scale})" if self.kind == "numeric" else self.kind

    @classmethod
    def parse(cls, text: str) -> "Type":
        """The type in ``int`` or ``numeric(10,2)``; ValueError where there is none."""
        kind, _, arguments = text.partition("(")
        if kind not in KINDS or (kind == "numeric") != bool(arguments):
            raise ValueError(f"'{text}' is no type; the types are {', '.join(KINDS)}")
        numbers = [int(number) for number in arguments.rstrip(")").split(",")] if arguments else []
        return cls(cast(Kind, kind), *numbers)


@dataclass(frozen=True)
class Column:
    """A column. In the warehouse ``origin`` names the source column that it is made from, with a
    lookup's table before a dot; ``translate`` names the reference list that it goes through;
    ``references`` names the dimension that it points to. A column of the source is ``personal``
    where its values tell of a person, or may."""

    name: str
    type: Type
    nullable: bool
    about: str
    origin: str = ""
    translate: str = ""
    references: str = ""
    personal: bool = False

    @property
    def lookup(self) -> str:
        """The looked-up table that the value comes from, or '' where it is the row's own."""
        return self.origin.rpartition(".")[0]

    @property
    def origin_column(self) -> str:
        """The name that the value has in its source table."""
        return self.origin.rpartition(".")[2]


@dataclass(frozen=True)
class _Table:
    name: str
    about: str
    key: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def shape(self) -> tuple[object, ...]:
        """What a database must know of the table; not what it means or is made from."""
        columns = [(c.name, str(c.type), c.nullable, c.references) for c in self.columns]
        return self.name, self.key, columns

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True)
class SourceTable(_Table):
    """A table of the operational database, with an integer primary key."""


@dataclass(frozen=True)
class Dimension(_Table):
    """A dimension: the latest values of the source table ``of``, one row a key. ``lookups`` maps
    a further source table to the column of ``of`` that holds its key. A dimension as large as the
    facts is ``pass_through``: made of changed rows as they come, never of the whole table; it can
    look up nothing, because rows do not come when what they look up changes."""

    of: str
    lookups: Mapping[str, str]
    incremental: bool = False

    @property
    def source_tables(self) -> frozenset[str]:
        return frozenset({self.of, *self.lookups})


@dataclass(frozen=True)
class Calendar(_Table):
    """The dimension of days, from ``first`` to ``last``, both included."""

    first: date
    last: date


@dataclass(frozen=True)
class Fact(_Table):
    """A fact: every version of every row of the source table ``of``. ``record`` is the serial
    number that the warehouse gives a version; ``columns`` end with the three of its history.
    ``star`` is what people call it and its dimensions."""

    of: str
    record: str
    star: str

    @property
    def tombstones(self) -> str:
        """The table in the lake of its deletions whose last values could not conform."""
        return f"{self.name}_tombstones"

    @property
    def latest(self) -> str:
        """The warehouse's table, in the schema etl, of the latest version of each of its rows."""
        return f"latest_{self.of}"

    @property
    def shape(self) -> tuple[object, ...]:
        return *super().shape, self.record


WarehouseTable = Dimension | Calendar | Fact


@dataclass(frozen=True)
class Source:
    """The operational database."""

    name: str
    schema: str
    tables: Mapping[str, SourceTable]

    @property
    def fingerprint(self) -> str:
        """Changes when a table, a column, a type or a key of the contracts changes."""
        return _digest(self.schema, *(table.shape for table in self.tables.values()))


@dataclass(frozen=True)
class Warehouse:
    """The star schema."""

    tables: Mapping[str, WarehouseTable]

    @property
    def calendars(self) -> tuple[Calendar, ...]:
        return tuple(t for t in self.tables.values() if isinstance(t, Calendar))

    @property
    def dimensions(self) -> tuple[Dimension, ...]:
        return tuple(t for t in self.tables.values() if isinstance(t, Dimension))

    @property
    def facts(self) -> tuple[Fact, ...]:
        return tuple(t for t in self.tables.values() if isinstance(t, Fact))

    @property
    def fingerprint(self) -> str:
        """Changes when what the warehouse must look like changes."""
        return _digest(*(table.shape for table in self.tables.values()))


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
