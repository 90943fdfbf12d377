"""Conversions from the type of a source column to that of a warehouse column, in Spark SQL."""

from collections.abc import Mapping

from contracts import Type
from glue_jobs.errors import Unconvertible

# Spark's cast also accepts '2024-1' and ' 2024-01-01', so the format is checked first
IS_ISO_DATE = (
    "{0} rlike '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' and length({0}) = 10 and {0} >= '0001'"
)

CONVERSIONS: Mapping[tuple[str, str], str] = {
    ("timestamp", "date"): "cast({0} as date)",
    ("timestamp", "time"): "date_format({0}, 'HH:mm:ss.SSSSSS')",
    ("text", "date"): f"case when {IS_ISO_DATE} then try_cast({{0}} as date) end",
}


def converted(name: str, source: Type, target: Type) -> str:
    """Return the expression that converts source column ``name`` to the warehouse's type. Its value
    is NULL where the source value cannot be converted.

    Raises Unconvertible if there is no conversion between the types.
    """
    if source == target:
        return name
    if (source.kind, target.kind) not in CONVERSIONS:
        known = ", ".join(f"{start} to {end}" for start, end in CONVERSIONS)
        raise Unconvertible(
            f"Column {name} is {source} in the source and {target} in the warehouse, and there is"
            f" no conversion between them; there are {known}. To fix: correct the contract, or add"
            " the conversion to glue_jobs/transform/conversions.py."
        )
    return CONVERSIONS[source.kind, target.kind].format(name)
