"""The warehouse: tables that migrations create or adopt, and the views that users read."""

from warehouse.errors import (
    EncodingUnsupported,
    MigrationEdited,
    MigrationFailed,
    NewerWarehouse,
    OtherSchema,
    OthersDepend,
    QuestionMalformed,
    WarehouseMismatch,
)
from warehouse.migrate import migrate, migrate_at
from warehouse.plan import SCHEMA

__all__ = [
    "SCHEMA",
    "EncodingUnsupported",
    "MigrationEdited",
    "MigrationFailed",
    "NewerWarehouse",
    "OtherSchema",
    "OthersDepend",
    "QuestionMalformed",
    "WarehouseMismatch",
    "migrate",
    "migrate_at",
]
