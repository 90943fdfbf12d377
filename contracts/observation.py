"""The columns that the platform adds to the rows of the source: when a row was observed, in which
batch, and what happened to it. Every other schema with such a column is derived from these."""

from dataclasses import replace

from contracts.tables import Column, Fact, SourceTable, Type, Warehouse, WarehouseTable

UNFIT = "_unfit"
"""Name of the column with the values that their type cannot hold."""

UNFIT_VALUES = Column(
    UNFIT, Type("text"), True, "JSON: column and original text of values that do not fit."
)
OP = Column("op", Type("text"), False, "I, U or D: inserted, updated or deleted.")
BATCH_SEQ = Column("batch_seq", Type("bigint"), False, "The batch that brought the version.")
OBSERVED_AT = Column(
    "observed_at",
    Type("timestamp"),
    False,
    "Source clock of the snapshot in which the version was first seen.",
)
IS_DELETED = Column("is_deleted", Type("boolean"), False, "Whether the version is a deletion.")
CHANGE_SEQ = Column(
    "change_seq",
    Type("int"),
    False,
    "Number of the transaction within its batch, from 0; 0 where it is unknown.",
)
CHANGED_AT = Column(
    "changed_at",
    Type("timestamp"),
    True,
    "When the transaction committed, on the source's clock; NULL where that is unknown.",
)

CHANGE = (OP, BATCH_SEQ, OBSERVED_AT, CHANGE_SEQ, CHANGED_AT)
"""Columns of a changed row in a batch, after those of the source."""

ADDED = (CHANGE_SEQ, CHANGED_AT)
"""Columns that files of earlier versions do not have: they read as 0 and NULL (docs/adr/0026)."""

ORDER = (BATCH_SEQ.name, CHANGE_SEQ.name)
"""The columns that order the versions of a row; no version has the order of another one."""

VERSION = (OBSERVED_AT, BATCH_SEQ, IS_DELETED, CHANGE_SEQ, CHANGED_AT)
"""Last columns of a fact: one row of a fact is one version."""

OBSERVATION = (OBSERVED_AT, BATCH_SEQ, CHANGE_SEQ, CHANGED_AT)
"""Last columns of every other row in the *processed* store."""

REASONS = Column("reasons", Type("text"), False, "Why the row is quarantined.", field_id=10_000)
"""Column of quarantined rows. Its field id is beyond those of any table: PostgreSQL allows 1,600
columns."""

OP_NAMES = {"I": "new", "U": "changed", "D": "deleted"}
"""Each operation as people read it."""


def batch_columns(table: SourceTable) -> tuple[Column, ...]:
    """Return the columns of a changed row in a batch."""
    return (*table.columns, UNFIT_VALUES, *CHANGE)


def quarantine_columns(table: SourceTable) -> tuple[Column, ...]:
    """Return the columns of a quarantined row."""
    return (*batch_columns(table), REASONS)


def stored_columns(table: WarehouseTable) -> tuple[Column, ...]:
    """Return the columns of a warehouse table in the *processed* store. A row of a dimension also
    has its observation, which the warehouse does not keep."""
    return table.columns if isinstance(table, Fact) else (*table.columns, *OBSERVATION)


def tombstone_columns(fact: Fact) -> tuple[Column, ...]:
    """Return the columns of a tombstone."""
    return (fact.column(fact.key), *OBSERVATION)


def can_continue(warehouse: Warehouse, fingerprint: str) -> bool:
    """Return whether a generation that was built with contracts of this fingerprint can continue:
    they are those of ``warehouse``, with or without the columns that the platform added later."""
    earlier = {
        name: replace(table, columns=tuple(c for c in table.columns if c not in ADDED))
        for name, table in warehouse.tables.items()
    }
    return fingerprint in (warehouse.fingerprint, Warehouse(earlier).fingerprint)
