"""The visuals of an answer: a table with all columns, and a chart if the columns allow one.

The position, type and name of a column determine its role. A mark of a chart is one row of the
answer (or the rows of one name in one currency), so amounts of several currencies are never added:
each currency has its own colour or its own panel.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from artifacts.quicksight.data_sets import Column, DataSet
from warehouse.questions import THEMES, Question

CURRENCY = "currency_code"
KEY = re.compile(r"\w+_id")
FROM = re.compile(r"from_\w+")
BESIDE = re.compile(r"place|to_\w+")  # identifies no row beyond the other dimensions
AMOUNT = re.compile(r"amount|balance|purchases|revenue|sales|spend|value")
"""Part of the name of a figure that is money. The type cannot tell: sums of counts are numeric."""

STATISTIC = re.compile(r"average|median|longest|slowest|largest|percent|_an_")
"""Part of the name of a figure that is not additive; a chart does not mix it with sums."""

NUMBERS = ("INTEGER", "DECIMAL")
WIDTH, HEIGHT = 36, 12  # of a sheet, and of a visual, in cells of the grid
TEXT = 1024  # maximum length of a subtitle

Visual = dict[str, Any]


def sheets(
    questions: Mapping[str, Question], data_sets: Mapping[str, DataSet]
) -> list[dict[str, Any]]:
    """Return a sheet for each theme, with its questions one below the other."""
    of_themes = {
        theme: [name for name, question in questions.items() if question.theme == theme]
        for theme in THEMES
    }
    return [
        {
            "id": theme,
            "name": theme.capitalize(),
            "visuals": [
                visual | {"row": number * HEIGHT}
                for number, name in enumerate(names)
                for visual in visuals(name, questions[name], data_sets[name].columns)
            ],
        }
        for theme, names in of_themes.items()
        if names
    ]


def visuals(name: str, question: Question, columns: Sequence[Column]) -> list[Visual]:
    """Return the visuals of a question: a chart and a table side by side, or only a table."""
    table = {"kind": "table", "columns": [column.name for column in columns]}
    look_at = f"Look at: {question.look_at}"
    shown = chart(columns)
    if not shown:
        return [_visual(name, question, f"{question.why} {look_at}", WIDTH, table)]
    half = WIDTH // 2
    return [
        _visual(name, question, question.why, half, shown),
        _visual(name, question, look_at, half, table) | {"column": half},
    ]


def _visual(name: str, question: Question, subtitle: str, width: int, shown: Visual) -> Visual:
    return {
        "id": f"{name}-{shown['kind']}",
        "data_set": name,
        "title": question.title,
        "subtitle": subtitle if len(subtitle) <= TEXT else f"{subtitle[: TEXT - 1]}…",
        "column": 0,
        "width": width,
        "height": HEIGHT,
        **shown,
    }


def chart(columns: Sequence[Column]) -> Visual | None:
    """Return the chart of an answer with these columns, or None: a line over time, or a bar for
    each category."""
    types = {column.name: column.type for column in columns}
    dimensions, values = [*_dimensions(columns)], _values(columns)
    others = [name for name in dimensions if name != CURRENCY]
    times = [name for name in others if types[name] == "DATETIME"]
    if not others or not values or (CURRENCY in types and CURRENCY not in dimensions):
        return None
    category = (times or others[-1:])[0]
    rest = [name for name in others if name != category]
    if len(rest) > 1 or any(types[name] != "STRING" for name in rest):
        return None
    currency = CURRENCY if CURRENCY in dimensions else None
    encoding = _encoding(values, currency, rest[0] if rest else None)
    if times:
        granularity = "MONTH" if category == "month" else "DAY"
        return {"kind": "line", "category": category, "granularity": granularity, **encoding}
    return {"kind": "bar", "category": category, "category_type": types[category], **encoding} | (
        {"sort": {"column": encoding["values"][0]["column"], "direction": "DESC"}}
        if types[category] == "STRING"
        else {"sort": {"column": category, "direction": "ASC"}}
    )


def _encoding(values: Sequence[str], currency: str | None, rest: str | None) -> Visual:
    """Return values, colour and panel: a chart with colours shows one figure only."""
    color, panel = (currency, rest) if currency else (rest, None)
    if currency and not rest and len(values) > 1:
        color, panel = None, currency
    return {
        "values": [
            {"column": value, "aggregation": "AVERAGE" if STATISTIC.search(value) else "SUM"}
            for value in (values[:1] if color else values)
        ],
        "color": color,
        "panel": panel,
    }


def _dimensions(columns: Iterable[Column]) -> Iterator[str]:
    """Yield the dimensions: the columns before the first figure. The name that follows a key
    represents it; further attributes of the key are skipped."""
    after_key = is_named = False
    for column in takewhile(lambda column: not _is_figure(column), columns):
        if KEY.fullmatch(column.name):
            after_key = True
        elif not BESIDE.fullmatch(column.name) and not is_named:
            is_named = after_key
            yield column.name


def _values(columns: Sequence[Column]) -> list[str]:
    """Return the figures of a chart: amounts if there is a currency, otherwise statistics; the
    first count if there are none."""
    in_currency = any(column.name == CURRENCY for column in columns)
    figures = [column.name for column in columns if _is_figure(column)]
    statistics = [name for name in figures if STATISTIC.search(name)]
    amounts = [name for name in figures if AMOUNT.search(name) and name not in statistics]
    counts = [name for name in figures if name not in {*amounts, *statistics}]
    return (amounts if in_currency else statistics) or counts[:1]


def _is_figure(column: Column) -> bool:
    is_name = any(form.fullmatch(column.name) for form in (KEY, FROM, BESIDE))
    return column.type in NUMBERS and not is_name
