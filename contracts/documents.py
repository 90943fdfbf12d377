"""The TOML documents of contracts as typed structs. Unknown keys and wrong types are refused."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

from contracts.errors import ContractError
from contracts.nearest import nearest


class SourceDocument(Struct, forbid_unknown_fields=True):
    """``source.toml``: the operational database."""

    about: str
    schema: str
    timezone: str = "UTC"
    created: str = ""


class TableDocument(Struct, forbid_unknown_fields=True):
    """A table. ``columns`` is decoded column by column, so that an error names the column."""

    about: str
    key: str
    columns: dict[str, dict[str, Any]]


class WarehouseDocument(TableDocument, kw_only=True):
    """A table of the warehouse."""

    kind: str


class CalendarDocument(WarehouseDocument, kw_only=True):
    """A calendar."""

    first: date
    last: date


class DimensionDocument(WarehouseDocument, kw_only=True):
    """A dimension."""

    of: str
    lookups: dict[str, str] = field(default_factory=dict)
    incremental: bool = False


class FactDocument(WarehouseDocument, kw_only=True):
    """A fact."""

    of: str
    record: str
    star: str


class ColumnDocument(Struct, forbid_unknown_fields=True):
    """A column. A question mark after ``type`` makes it nullable. ``field_id`` is given to a column
    that is added after the first release of its table."""

    type: str
    about: str
    field_id: int = 0


class SourceColumn(ColumnDocument):
    """A column of a source table."""

    personal: bool = False


class DimensionColumn(ColumnDocument):
    """A column of a dimension."""

    origin: str = field(default="", name="from")
    translate: str = ""


class FactColumn(ColumnDocument):
    """A column of a fact."""

    origin: str = field(default="", name="from")
    references: str = ""


D = TypeVar("D", bound=Struct)


def decode(document: Mapping[str, Any], kind: type[D], where: str) -> D:
    """Return the document as a ``kind``.

    Raises ContractError with ``where``, the key and the nearest valid key.
    """
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as wrong:
        keys = [field.encode_name for field in msgspec.structs.fields(kind)]
        unknown = [key for key in document if key not in keys]
        hints = [f"the key '{key}' is unknown; {nearest(key, keys)}" for key in unknown]
        reason = " ".join(hints) or f"{wrong}."
        raise ContractError(f"{where}: {reason} To fix: edit the file.") from wrong
