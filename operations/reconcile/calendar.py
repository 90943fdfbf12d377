"""Compares a calendar of the warehouse with its contract."""

from pg8000.native import Connection

from contracts import Calendar
from operations.reconcile.table_comparison import EXAMPLES, TableComparison
from postgres import Sql, render, value

PARTS = {
    "year": "extract(year from {day})",
    "month": "extract(month from {day})",
    "day": "extract(day from {day})",
    "day_of_week": "extract(isodow from {day})",
    "day_name": "to_char({day}, 'FMDay')",
    "month_name": "to_char({day}, 'FMMonth')",
    "quarter": "extract(quarter from {day})",
}
COMPARE = """
select expected_day is null, {day} is null, coalesce(expected_day, {day})::text
from {schema}.{calendar} full join (
    select moment::date as expected_day
    from generate_series({first}::date, {last}::date, interval '1 day') as moment
) as expected on expected_day = {day}
where expected_day is null or {day} is null or not ({same})
"""
COUNT = "select count(*) from {schema}.{calendar}"


def compare_calendar(connection: Connection, schema: str, calendar: Calendar) -> TableComparison:
    """Compare a calendar with its contract: every day once, with the right parts, and no other
    day."""
    day = render("{day}", day=calendar.key)
    same = " and ".join(
        render("{name} = ", name=name) + render(PARTS[name], day=day)
        for name in calendar.column_names
        if name in PARTS
    )
    names = {"schema": schema, "calendar": calendar.name}
    span = {"first": value(str(calendar.first)), "last": value(str(calendar.last))}
    rows = connection.run(render(COMPARE, day=day, same=Sql(same), **names, **span))
    [[count]] = connection.run(render(COUNT, **names))
    comparison = TableComparison("warehouse", calendar.name, int(count))
    comparison.extra = sum(1 for is_extra, _, _ in rows if is_extra)
    comparison.missing = sum(1 for _, is_missing, _ in rows if is_missing)
    comparison.different = len(rows) - comparison.extra - comparison.missing
    comparison.examples = [text for _, _, text in rows[:EXAMPLES]]
    return comparison
