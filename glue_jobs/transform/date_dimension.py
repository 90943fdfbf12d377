"""The rows of a calendar dimension."""

from collections.abc import Callable, Mapping

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from contracts import Calendar, Warehouse
from glue_jobs.errors import Unconvertible

# constants, because the JVM would use the names of its locale
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


def _name_at(names: tuple[str, ...], number: Column) -> Column:
    return F.element_at(F.array(*map(F.lit, names)), number)


PARTS: Mapping[str, Callable[[Column], Column]] = {
    "year": F.year,
    "month": F.month,
    "day": F.day,
    "day_of_week": _iso_weekday,
    "day_name": lambda day: _name_at(DAYS, _iso_weekday(day)),
    "month_name": lambda day: _name_at(MONTHS, F.month(day)),
    "quarter": F.quarter,
}


def calendar_rows(spark: SparkSession, calendar: Calendar) -> DataFrame:
    """Return one row per day of the calendar, from its first to its last day.

    Raises Unconvertible if its contract has a column that is not a known part of a date.
    """
    unknown = set(calendar.column_names) - {calendar.key, *PARTS}
    if unknown:
        raise Unconvertible(
            f"{calendar.name} has columns that are not parts of a date:"
            f" {', '.join(sorted(unknown))}. Known parts are {', '.join(PARTS)}. To fix: correct"
            " the contract, or add the part to glue_jobs/transform/date_dimension.py."
        )
    count = (calendar.last - calendar.first).days + 1
    day = F.date_add(F.lit(calendar.first), F.col("id").cast("int"))
    days = spark.range(count, numPartitions=1).select(day.alias(calendar.key))
    parts = [PARTS[name](F.col(calendar.key)).alias(name) for name in PARTS]
    return days.select("*", *parts).select(*calendar.column_names)


def date_ranges(warehouse: Warehouse) -> dict[str, str]:
    """Return the first and last day of each calendar's contract, as ``first/last``."""
    return {calendar.name: f"{calendar.first}/{calendar.last}" for calendar in warehouse.calendars}


def missing_calendars(warehouse: Warehouse, built: Mapping[str, str]) -> list[Calendar]:
    """Return the calendars that were not built with exactly the days of their contracts."""
    ranges = date_ranges(warehouse)
    return [c for c in warehouse.calendars if built.get(c.name) != ranges[c.name]]
