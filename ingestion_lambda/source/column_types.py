"""The types of source columns that convert to the type of their contract without loss.

docs/compatibility.md has the table in words. A value that a narrower type cannot hold (a bigint in
a column of type int, a numeric with too many digits) is quarantined; a type that is missing from
the table is a SourceMismatch.
"""

from collections.abc import Mapping

from contracts import Type
from postgres import Sql, render

AS_IS = Sql("{column}")
AS_TEXT = Sql("{column}::text AS {column}")
AS_TIMESTAMP = Sql(
    "CASE WHEN {column} BETWEEN '4713-01-02 BC' AND '294276-12-30' THEN {column}::timestamp::text"
    " ELSE {column}::text END AS {column}"
)
"""PostgreSQL cannot convert every time: type timestamp ends on 294276-12-31, in any zone, and type
date later. Such a time stays text, which does not conform."""

INTEGERS = {"int2": AS_IS, "int4": AS_IS, "int8": AS_IS}

CONVERSIONS: Mapping[str, Mapping[str, Sql]] = {
    "int": INTEGERS,
    "bigint": INTEGERS,
    "numeric": {"numeric": AS_IS, **INTEGERS},
    "boolean": {"bool": AS_IS},
    # In the zone of the contract, which is that of the session.
    "timestamp": {"timestamp": AS_IS, "timestamptz": AS_TIMESTAMP, "date": AS_TIMESTAMP},
    "date": {"date": AS_IS},
    "time": {"time": AS_IS},
    "text": {
        "text": AS_IS,
        "varchar": AS_IS,
        "bpchar": AS_TEXT,  # without the blanks that pad it
        "name": AS_IS,
        "citext": AS_IS,
        "enum": AS_IS,
        "uuid": AS_IS,
        "date": AS_IS,
        "numeric": AS_IS,
        **INTEGERS,
    },
}
"""For each type of a contract, the types of the source that it can hold, and how each is read."""


def selected(column: str, type_: Type, source_type: str) -> Sql | None:
    """Return the expression that reads ``column``, or None if its ``source_type`` (the name in
    pg_type, or enum) does not convert to ``type_`` without loss."""
    expression = CONVERSIONS[type_.kind].get(source_type)
    return render(expression, column=column) if expression else None
