"""The model of contracts: types, columns, tables, and the two databases."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from contracts.nearest import nearest

Kind = Literal["int", "bigint", "text", "boolean", "numeric", "timestamp", "date", "time"]
KINDS: tuple[str, ...] = get_args(Kind)

NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)", re.ASCII)
MAX_PRECISION = 38  # digits of a decimal in Arrow and Spark

UNKNOWN = "Unknown"
"""The value of a dimension's text column where the text must not be NULL and is not known."""


@dataclass(frozen=True)
class Type:
    """A column's type in PostgreSQL's terms. Only numeric has precision and scale."""

    kind: Kind
    precision: int = 0
    scale: int = 0

    def __str__(self) -> str:
        return f"numeric({self.precision},{self.scale})" if self.kind == "numeric" else self.kind

    @classmethod
    def parse(cls, text: str) -> "Type":
        """Return the type in a text such as ``int`` or ``numeric(10,2)``. Raises ValueError."""
        if text in KINDS and text != "numeric":
            return cls(cast(Kind, text))
        if match := NUMERIC.fullmatch(text):
            precision, scale = int(match[1]), int(match[2])
            if 0 < precision <= MAX_PRECISION and scale <= precision:
                return cls("numeric", precision, scale)
        types = [kind.replace("numeric", "numeric(10,2)") for kind in KINDS]
        raise ValueError(f"the type '{text}' is unknown; {nearest(text, types)}")


@dataclass(frozen=True)
class Column:
    """A column.

    In a fact or dimension ``origin`` names the source column with its values, with a looked-up
    table before a dot; it is empty where the values do not come from the source. ``translate``
    names the reference list that maps the values, ``references`` the dimension that they point to.
    A column of the source is ``personal`` if its values may describe a person. ``field_id`` is 0,
    unless the column was added after the first release of its table (`contracts.field_ids`).
    """

    name: str
    type: Type
    nullable: bool
    about: str
    origin: str = ""
    translate: str = ""
    references: str = ""
    personal: bool = False
    field_id: int = 0

    @property
    def lookup(self) -> str:
        """The looked-up table with the values, or '' if they are in the row itself."""
        return self.origin.rpartition(".")[0]

    @property
    def origin_column(self) -> str:
        """The column's name in its source table."""
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
    def signature(self) -> tuple[object, ...]:
        """The parts that a database must agree with: names, types, keys. No descriptions."""
        columns = [(c.name, str(c.type), c.nullable, c.references) for c in self.columns]
        return self.name, self.key, columns

    def column(self, name: str) -> Column:
        """Return the column of that name. Raises KeyError."""
        return {column.name: column for column in self.columns}[name]


@dataclass(frozen=True)
class SourceTable(_Table):
    """A table of the operational database, with an integer primary key."""


@dataclass(frozen=True)
class Dimension(_Table):
    """A dimension: the latest values of the source table ``of``, one row a key.

    ``lookups`` maps a further source table to the column of ``of`` that holds its key. An
    ``incremental`` dimension, as large as the facts, is built from changed rows and never from the
    whole table. It cannot have lookups: a change of a looked-up row does not change the row itself.
    """

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
    """A fact: every version of every row of the source table ``of``.

    ``record`` is the serial number of a version in the warehouse. ``columns`` end with those of
    `contracts.observation.VERSION`. ``star`` is the name of the fact with its dimensions.
    """

    of: str
    record: str
    star: str

    @property
    def tombstones(self) -> str:
        """The lake's table of tombstones: deleted rows whose last values do not conform."""
        return f"{self.name}_tombstones"

    @property
    def latest(self) -> str:
        """The warehouse's table, in the schema etl, of each row's latest version."""
        return f"latest_{self.of}"

    @property
    def signature(self) -> tuple[object, ...]:
        return *super().signature, self.record


WarehouseTable = Dimension | Calendar | Fact


@dataclass(frozen=True)
class Source:
    """The operational database.

    ``timezone`` is the zone of the clock by which its timestamps are written. ``created`` is the
    column that holds the time of a row's creation, or empty.
    """

    name: str
    schema: str
    tables: Mapping[str, SourceTable]
    timezone: str = "UTC"
    created: str = ""

    @property
    def fingerprint(self) -> str:
        """A digest that changes with the tables, columns, types, keys and zone of the contracts."""
        tables = (table.signature for table in self.tables.values())
        return _digest(self.schema, self.timezone, *tables)


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
        """A digest that changes with the tables that the warehouse must have."""
        return _digest(*(table.signature for table in self.tables.values()))


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
