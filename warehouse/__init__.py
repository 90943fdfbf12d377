"""The warehouse: its tables, made or adopted by migrations, and the views that users read."""

from warehouse.errors import (
    MigrationEdited,
    MigrationFailed,
    NewerWarehouse,
    OtherSchema,
    WarehouseMismatch,
)
from warehouse.migrate import SCHEMA, migrate

__all__ = [
    "SCHEMA",
    "MigrationEdited",
    "MigrationFailed",
    "NewerWarehouse",
    "OtherSchema",
    "WarehouseMismatch",
    "migrate",
]
