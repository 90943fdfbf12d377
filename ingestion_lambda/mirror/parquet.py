"""The settings of the Parquet files that a poll writes."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

COMPRESSION = "zstd"


def parquet_options(schema: pa.Schema) -> Mapping[str, Any]:
    """Return the arguments of a Parquet writer for rows of ``schema``.

    Only texts and dates get a dictionary, because their values repeat. Keys, times and amounts
    mostly differ: with dictionaries, too, such a file took twice the processor time, and was a
    quarter larger.
    """
    repeating = [field.name for field in schema if _repeats(field.type)]
    return {"compression": COMPRESSION, "use_dictionary": repeating}


def _repeats(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_date(type_))
