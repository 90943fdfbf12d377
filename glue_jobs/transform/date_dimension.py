"""The rows of a calendar."""

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts import Calendar, Warehouse
from glue_jobs.errors import Unconvertible

# names of our own: the JVM would take those of its locale
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _iso_weekday(day: Column) -> Column:
    return F.weekday(day) + 1


def _named(names: tuple[str, ...], number: Column) -> Column:
    return F.element_at(F.array(*map(F.lit, names)), number)


PARTS: Mapping[str, Callable[[Column], Column]] = {
    "year": F.year,
    "month": F.month,
    "day": F.day,
    "day_of_week": _iso_weekday,
    "day_name": lambda day: _named(DAYS, _iso_weekday(day)),
    "month_name": lambda day: _named(MONTHS, F.month(day)),
    "quarter": F.quarter,
}


def every_day(spark: SparkSession, calendar: Calendar) -> DataFrame:
    """Every day of the calendar once, from its first to its last.

    Raises Unconvertible where its contract has a column that is no part of a date.
    """
    unknown = set(calendar.column_names) - {calendar.key, *PARTS}
    if unknown:
        raise Unconvertible(
            f"{calendar.name} has columns that are no part of a date: {', '.join(sorted(unknown))}."
            f" Known are {', '.join(PARTS)}; add to glue_jobs/transform/date_dimension.py."
        )
    count = (calendar.last - calendar.first).days + 1
    day = F.date_add(F.lit(calendar.first), F.col("id").cast("int"))
    days = spark.range(count, numPartitions=1).select(day.alias(calendar.key))
    parts = [PARTS[name](F.col(calendar.key)).alias(name) for name in PARTS]
    return days.select("*", *parts).select(*calendar.column_names)


def spans(warehouse: Warehouse) -> dict[str, str]:
    """From which day to which each calendar goes by its contract."""
    return {calendar.name: f"{calendar.first}/{calendar.last}" for calendar in warehouse.calendars}


def lacking(warehouse: Warehouse, known: Mapping[str, str]) -> list[Calendar]:
    """The calendars that are not known with exactly these days."""
    wanted = spans(warehouse)
    return [c for c in warehouse.calendars if known.get(c.name) != wanted[c.name]]
