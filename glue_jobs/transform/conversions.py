"""From a source column's type to a warehouse column's, in Spark SQL."""

from collections.abc import Mapping

from contracts import Type
from glue_jobs.errors import Unconvertible

# Spark itself takes more spellings ('2024-1', ' 2024-01-01'), and knows which days exist
A_DAY = "{0} rlike '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$' and length({0}) = 10 and {0} >= '0001'"

CONVERSIONS: Mapping[tuple[str, str], str] = {
    ("timestamp", "date"): "cast({0} as date)",
    ("timestamp", "time"): "date_format({0}, 'HH:mm:ss.SSSSSS')",
    ("text", "date"): f"case when {A_DAY} then try_cast({{0}} as date) end",
}


def converted(name: str, source: Type, target: Type) -> str:
    """The source column ``name`` as the warehouse has it; NULL where its value has no such form.

    Raises Unconvertible where nothing is known to lead from one type to the other.
    """
    if source == target:
        return name
    if (source.kind, target.kind) not in CONVERSIONS:
        known = ", ".join(f"{start} to {end}" for start, end in CONVERSIONS)
        raise Unconvertible(
            f"Column {name} is {source} in the source and {target} in the warehouse, and we know"
            f" only {known}. Mend the contract, or add to glue_jobs/transform/conversions.py."
        )
    return CONVERSIONS[source.kind, target.kind].format(name)
