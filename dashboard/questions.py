"""The business questions of the project, which analysts have as SQL too."""

from decimal import Decimal

import streamlit as st

from dashboard import address, formatting
from dashboard.fact_row import fact
from dashboard.page import project_pages, row_link
from dashboard.reader import Reader, Rows
from dashboard.tables import Column, Export, Link, table
from postgres import Sql, render
from warehouse.questions import Question, Theme, questions

MAX_ROWS = 200
LIMITED = "select * from (\n{question}\n) as answer limit :max_rows"
"""The question, which sorts its own rows, without reading more of them than are shown."""


def question_picker(reader: Reader, *themes: Theme) -> None:
    """Draw a list of the questions of these themes, and the answer to the selected one."""
    offered = {name: question for name, question in questions().items() if question.theme in themes}
    st.subheader("Business questions")
    name = st.selectbox(
        "They are about all data: filters do not apply to them",
        list(offered),
        format_func=lambda name: offered[name].title,
        placeholder="Choose a question",
        **address.one_of("question", [None, *offered], None).bound(),
    )
    if name:
        _answer(reader, offered[name])


def _answer(reader: Reader, question: Question) -> None:
    st.markdown(f"**{question.title}** {question.why}")
    statement = render(LIMITED, question=Sql(question.sql))
    rows = reader.run(statement, max_rows=MAX_ROWS + 1)
    if rows:
        columns = [column(name, rows) for name in rows[0]]
        export = Export(reader.settings, lambda again, most: again.run(statement, max_rows=most))
        table(columns, rows[:MAX_ROWS], question.title, export)
    else:
        st.info("The answer has no rows.")
    if len(rows) > MAX_ROWS:
        st.caption(f"The first {MAX_ROWS} rows. Run the SQL below for all of them.")
    st.markdown(f"How to read it: {question.look_at}")
    with st.expander("Show SQL"):
        st.code(question.sql, language="sql")


def column(name: str, rows: Rows) -> Column:
    """Return how a column of an answer is shown, by its name and by the type of its values."""
    if override := project_pages().answer_columns.get(name):
        return override
    if name.endswith("_id"):
        return Column(name, f"{formatting.label(name)} ID", is_number=True, link=_link(name))
    values = (row[name] for row in rows if row[name] is not None)
    is_number = isinstance(next(values, None), int | float | Decimal)
    return Column(name, formatting.label(name), formatting.value, is_number)


def _link(name: str) -> Link | None:
    """Return the link of a column to the histories of rows, if it contains their keys."""
    for kind, row_kind in project_pages().row_kinds.items():
        if fact(row_kind.fact).key == name:
            return lambda row: row_link(kind, row[name])
    return None
