"""The business questions of the project, which analysts have as SQL too."""

from decimal import Decimal

import streamlit as st

from dashboard import formatting
from dashboard.components import Column, table
from dashboard.page import project_pages
from dashboard.reader import Reader, Rows
from warehouse.questions import Question, Theme, questions

MAX_ROWS = 200


def question_picker(reader: Reader, *themes: Theme) -> None:
    """Draw a list of the questions of these themes, and the answer to the selected one."""
    offered = {name: found for name, found in questions().items() if found.theme in themes}
    st.subheader("Business questions")
    name = st.selectbox(
        "Filters do not apply to these questions",
        list(offered),
        index=None,
        format_func=lambda name: offered[name].title,
        placeholder="Choose a question",
        key=f"question_{themes[0]}",
        persist_state="session",
    )
    if name:
        _answer(reader, offered[name])


def _answer(reader: Reader, question: Question) -> None:
    st.markdown(f"**{question.title}** {question.why}")
    rows = reader.run(question.sql)
    if rows:
        table([column(name, rows) for name in rows[0]], rows[:MAX_ROWS], question.title)
    else:
        st.info("The answer has no rows.")
    if len(rows) > MAX_ROWS:
        st.caption(f"The first {MAX_ROWS} of {formatting.count(len(rows))} rows.")
    st.markdown(f"How to read it: {question.look_at}")
    with st.expander("Show SQL"):
        st.code(question.sql, language="sql")


def column(name: str, rows: Rows) -> Column:
    """Return how a column of an answer is shown, by its name and by the type of its values."""
    if override := project_pages().answer_columns.get(name):
        return override
    if name.endswith("_id"):
        return Column(name, f"{formatting.label(name)} ID", is_number=True)
    values = (row[name] for row in rows if row[name] is not None)
    is_number = isinstance(next(values, None), int | float | Decimal)
    return Column(name, formatting.label(name), formatting.value, is_number)
