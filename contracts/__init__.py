"""The data contracts: every table of the source and of the warehouse, described as data.

Each table is one TOML file in the project's folders ``contracts/source`` and
``contracts/warehouse``. Arrow and Spark schemas, staging tables, views, the Data Catalog and the
data dictionary are derived from it.
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
