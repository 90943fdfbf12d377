"""The data contracts: every source table and every warehouse table as data.

One TOML file a table, in ``totesys/`` and ``warehouse/``. Everything that must agree with a table
(Arrow and Spark schemas, staging tables, generated views) is derived from its contract.
"""

from contracts.errors import ContractError, PlatformError
from contracts.loader import reference, source, warehouse
from contracts.tables import (
    UNKNOWN,
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

__all__ = [
    "UNKNOWN",
    "Calendar",
    "Column",
    "ContractError",
    "Dimension",
    "Fact",
    "PlatformError",
    "Source",
    "SourceTable",
    "Type",
    "Warehouse",
    "WarehouseTable",
    "reference",
    "source",
    "warehouse",
]
