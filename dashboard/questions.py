"""Business questions of the warehouse, asked as they are: the same that analysts have as SQL."""

from collections.abc import Mapping
from decimal import Decimal

import streamlit as st

from dashboard import formatting
from dashboard.components import Column, table
from dashboard.reader import Reader, Rows
from warehouse.questions import Question, Theme, questions

MOST_SHOWN = 200


def more(reader: Reader, *themes: Theme) -> None:
    """Let people ask another question of these themes."""
    found: Mapping[str, Question] = {
        name: question for name, question in questions().items() if question.theme in themes
    }
    st.subheader("Further questions")
    name = st.selectbox(
        "These look at everything, whatever the filters say",
        list(found),
        index=None,
        format_func=lambda name: found[name].title,
        placeholder="Choose a question",
        key=f"question_{themes[0]}",
        persist_state="session",
    )
    if name:
        _answer(reader, found[name])


def _answer(reader: Reader, question: Question) -> None:
    st.markdown(f"**{question.title}** {question.why}")
    rows = reader.run(question.sql)
    if rows:
        table([column(name, rows) for name in rows[0]], rows[:MOST_SHOWN], question.title)
    else:
        st.info("The answer has no rows.")
    if len(rows) > MOST_SHOWN:
        st.caption(f"The first {MOST_SHOWN} of {formatting.count(len(rows))} rows.")
    st.markdown(f"What to look at: {question.look_at}")
    with st.expander("The question in SQL"):
        st.code(question.sql, language="sql")


def column(name: str, rows: Rows) -> Column:
    """How a column of an answer is headed and spelled, by its name and by what it holds."""
    if name == "payment_type_name":
        return Column(name, "Kind of payment", formatting.kind)
    values = [row[name] for row in rows if row[name] is not None]
    if name.endswith("_id"):
        return Column(name, f"{formatting.label(name)} number", str, is_number=True)
    is_number = isinstance(next(iter(values), None), int | float | Decimal)
    return Column(name, formatting.label(name), formatting.value, is_number)
