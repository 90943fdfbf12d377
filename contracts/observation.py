"""The columns that the platform adds to the rows of the source: when a row was observed, in which
batch, and what happened to it. Every other schema with such a column is derived from these."""

from contracts.tables import Column, Type

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

VERSION = (OBSERVED_AT, BATCH_SEQ, IS_DELETED)
"""Last columns of a fact: one row of a fact is one version."""

TOMBSTONE = (OBSERVED_AT, BATCH_SEQ)
"""Columns of a tombstone, after the key."""

OP_NAMES = {"I": "new", "U": "changed", "D": "deleted"}
"""Each operation as people read it."""
