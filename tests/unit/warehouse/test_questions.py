"""The files of business questions: their headers, and the mistakes that are refused."""

import pytest

from warehouse import QuestionMalformed
from warehouse.questions import THEMES, parse, questions

QUESTIONS = questions()
WHOLE = """-- title: How many?
-- why: Because
-- people ask.
-- look at: The number; note: it counts.
-- theme: sales

-- a comment of the query's own
select count(*) from fact_sales_order_current order by 1
"""


def test_field_of_the_header_can_continue_on_the_next_line():
    question = parse("how_many", WHOLE)
    assert (question.name, question.title) == ("how_many", "How many?")
    assert question.why == "Because people ask."
    assert question.look_at == "The number; note: it counts."
    assert (question.theme, question.not_in_athena, question.sql) == ("sales", "", WHOLE)


def test_question_that_athena_cannot_answer_has_a_reason():
    text = WHOLE.replace("-- theme", "-- athena: no, because it has\n-- no ledger\n-- theme")
    assert parse("how_many", text).not_in_athena == "it has no ledger"


@pytest.mark.parametrize(
    ("good", "bad", "message"),
    [
        ("-- title: How many?\n", "", "has no '-- title: …'"),
        ("-- theme: sales\n", "", "has no '-- theme: …'"),
        ("-- look at:", "-- lok at:", "has no '-- look at: …'"),
        ("-- theme: sales", "-- theme: money", "has the theme 'money'; themes are sales, "),
        ("-- theme: sales", "-- theme: sales\n-- theme: sales", "has 'theme' twice"),
        ("-- theme: sales", "-- theme: sales\n-- athena: maybe", "must say 'athena: no, because"),
        ("order by 1", "order by 1;", "has a semicolon"),
        (" order by 1", " -- order by 1", "has no ORDER BY"),
    ],
)
def test_malformed_file_is_refused_by_name(good: str, bad: str, message: str):
    assert good in WHOLE
    with pytest.raises(QuestionMalformed) as refused:
        parse("how_many", WHOLE.replace(good, bad))
    assert str(refused.value).startswith("totesys/questions/how_many.sql ")
    assert message in str(refused.value)


def test_questions_are_named_and_sorted_by_theme():
    assert all(name == question.name for name, question in QUESTIONS.items())
    places = [(THEMES.index(question.theme), name) for name, question in QUESTIONS.items()]
    assert places == sorted(places)
    assert {question.theme for question in QUESTIONS.values()} <= {*THEMES}


def test_no_two_questions_have_one_title():
    assert len({question.title for question in QUESTIONS.values()}) == len(QUESTIONS)
