"""The columns of an answer determine its chart."""

import pytest

from artifacts.quicksight.data_sets import Column, qualified
from artifacts.quicksight.visuals import TEXT, chart, visuals
from warehouse.questions import Question

TYPES = {"i": "INTEGER", "d": "DECIMAL", "s": "STRING", "t": "DATETIME", "b": "BOOLEAN"}


def columns(text: str) -> list[Column]:
    """Return columns from words such as ``month:t``."""
    pairs = (word.split(":") for word in text.split())
    return [Column(name, TYPES[letter]) for name, letter in pairs]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("month:t currency_code:s orders:i revenue:d", "line month revenue currency_code -"),
        ("day:t rows:i median_minutes:d slowest_minutes:d", "line day median+slowest - -"),
        ("month:t kind:s currency_code:s amount:d", "line month amount currency_code kind"),
        ("month:t currency_code:s orders:d revenue:d", "line month revenue currency_code -"),
        (
            "month:t currency_code:s sales:d purchases:d percent:d",
            "line month sales+purchases - currency",
        ),
        ("day:t rows_of:s late_rows:i", "line day late_rows rows_of -"),
        ("country:s currency_code:s revenue:d share_percent:d", "bar country revenue currency -"),
        (
            "currency_code:s place:i staff_id:i name:s city:s spend:d",
            "bar name spend currency_code -",
        ),
        ("kind:s currency_code:s from_days:i to_days:i amount:d", "bar from_ amount currency kind"),
        ("column_name:s changes:i average_days:d", "bar column_name average_days - -"),
        ("currency_code:s country:s orders:i", "bar country orders currency_code -"),
    ],
)
def test_chart_distinguishes_all_rows(answer: str, expected: str):
    kind, category, values, color, panel = expected.split()
    drawn = chart(columns(answer))
    assert drawn
    assert drawn["kind"] == kind
    assert drawn["category"].startswith(category)
    shown = [value["column"] for value in drawn["values"]]
    assert len(shown) == len(values.split("+"))
    assert all(name.startswith(part) for name, part in zip(shown, values.split("+"), strict=True))
    for part, name in (("color", color), ("panel", panel)):
        assert (drawn[part] or "-").startswith(name)


@pytest.mark.parametrize(
    ("why", "answer"),
    [
        ("no dimension identifies the rows", "orders:i revenue:d"),
        ("the currency is the only dimension", "currency_code:s revenue:d"),
        ("there are only dimensions", "month:t currency_code:s name:s"),
        ("an amount without a currency can be of several", "country:s revenue:d"),
        ("the currency follows the figure", "country:s revenue:d currency_code:s"),
        ("there are more dimensions than a chart can show", "day:t a:s b:s orders:i"),
        ("a colour needs a text", "day:t is_paid:b orders:i"),
    ],
)
def test_answer_without_a_chart_is_only_a_table(why: str, answer: str):
    assert chart(columns(answer)) is None, why
    [table] = visuals("name", question("Why."), columns(answer))
    assert (table["kind"], table["width"]) == ("table", 36)
    assert table["subtitle"] == "Why. Look at: All."


def question(why: str) -> Question:
    return Question("name", "What?", why, "All.", "sales", "select 1")


def test_statistics_are_not_summed():
    drawn = chart(columns("day:t median_minutes:d"))
    assert drawn
    assert drawn["values"] == [{"column": "median_minutes", "aggregation": "AVERAGE"}]


def test_bars_begin_with_the_longest_and_ranges_with_the_first():
    longest = chart(columns("country:s currency_code:s revenue:d"))
    first = chart(columns("currency_code:s from_days:i amount:d"))
    assert longest
    assert first
    assert longest["sort"] == {"column": "revenue", "direction": "DESC"}
    assert first["sort"] == {"column": "from_days", "direction": "ASC"}


def test_subtitle_is_cut_to_the_length_that_quicksight_accepts():
    [chart_, table] = visuals("name", question("w" * 2000), columns("country:s orders:i"))
    assert len(chart_["subtitle"]) == TEXT
    assert chart_["subtitle"].endswith("w…")
    assert table["subtitle"] == "Look at: All."


def test_only_relations_of_the_warehouse_are_qualified():
    sql = """-- title: a
select dim_date.day, my_dim_date, etl.ledger.rows -- dim_date
from fact_sales_order_wide
inner join dim_date on other.dim_date = dim_date.date_id
"""
    assert qualified(sql).splitlines() == [
        "select dim_date.day, my_dim_date, etl.ledger.rows -- ${schema}.dim_date",
        "from ${schema}.fact_sales_order_wide",
        "inner join ${schema}.dim_date on other.dim_date = dim_date.date_id",
    ]
