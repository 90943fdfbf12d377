"""The labels of dimension members: templates of the project, such as ``{first_name} {last_name}``,
filled by SQL for the latest values and by Python for earlier ones."""

from collections.abc import Mapping
from string import Formatter
from typing import Any

import contracts
from contracts import Dimension
from dashboard.page import project_pages
from postgres import Sql, joined, render, value

NO_NAME = "No name"
"""The label of a member whose columns of the label are empty."""

MEMBERS = """
select {key} as key, coalesce(nullif(btrim(concat({parts})), ''), {no_name}) as label
from {dimension}
"""


def dimension(name: str) -> Dimension | None:
    """Return the contract of a dimension whose members have labels; None for any other table."""
    table = contracts.warehouse().tables.get(name)
    return table if isinstance(table, Dimension) and name in project_pages().labels else None


def members(of: Dimension) -> Sql:
    """Return the query for ``key`` and ``label`` of every member."""
    parts = [
        part
        for text, column, *_ in Formatter().parse(project_pages().labels[of.name])
        for part in (value(text), joined("{column}", [column] if column else []))
        if part
    ]
    return render(
        MEMBERS,
        key=of.key,
        parts=Sql(", ".join(parts)),
        no_name=value(NO_NAME),
        dimension=of.name,
    )


def label_columns(of: Dimension) -> list[str]:
    """Return the columns that the label contains."""
    parsed = Formatter().parse(project_pages().labels[of.name])
    return [column for _, column, *_ in parsed if column]


def label(of: Dimension, row: Mapping[str, Any]) -> str:
    """Return the label of a member with these values."""
    values = {column: row[column] or "" for column in label_columns(of)}
    return project_pages().labels[of.name].format(**values).strip() or NO_NAME
