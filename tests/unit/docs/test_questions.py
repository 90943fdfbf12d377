"""docs/questions.md repeats the texts of each question's file."""

import re
from pathlib import Path

import pytest

from warehouse.questions import THEMES, Question, questions

PAGE = (Path(__file__).parents[3] / "docs" / "questions.md").read_text(encoding="utf-8")
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n### ")[1:]}
QUESTIONS = list(questions().values())


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def test_page_has_every_question_in_order_under_its_theme():
    titles = [line[3:].strip() for line in PAGE.splitlines() if line.startswith(("## ", "###"))]
    expected = []
    for theme in THEMES:
        expected += [theme.capitalize(), *(q.title for q in QUESTIONS if q.theme == theme)]
    assert titles == expected


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_page_has_the_texts_of_the_file(question: Question):
    section = in_one_line(SECTIONS[question.title])
    assert question.why in section
    assert f"**Look at:** {question.look_at}" in section
    assert f"[{question.name}.sql](../totesys/questions/{question.name}.sql)" in section
    assert question.not_in_athena in section
    assert re.search(r"```text .+ ```", section)
