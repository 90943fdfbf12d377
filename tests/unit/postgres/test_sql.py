"""Identifiers and literals in SQL text."""

import pytest

from postgres import Sql, joined, names, render, value


def test_text_is_placed_as_a_quoted_identifier() -> None:
    assert render("select * from {table}", table="order") == 'select * from "order"'


def test_quote_in_an_identifier_is_doubled() -> None:
    assert render("{name}", name='a"; drop table x; --') == '"a""; drop table x; --"'


def test_number_is_placed_as_a_literal() -> None:
    assert render("limit {most}", most=5) == "limit 5"


def test_negative_number_does_not_start_a_comment_after_a_minus() -> None:
    assert render("x-{y}", y=-1) == "x- -1"
    assert "--" not in f"x-{value(-1)}"


def test_only_sql_is_placed_unquoted() -> None:
    assert render("select {all}", all=Sql("*")) == "select *"


def test_braces_within_a_part_stay() -> None:
    assert render("{a} {b}", a="{b}", b=Sql("'{a}'")) == "\"{b}\" '{a}'"


def test_part_may_be_called_template() -> None:
    assert render("{template}", template="t") == '"t"'


def test_missing_part_is_an_error() -> None:
    with pytest.raises(KeyError, match="missing"):
        render("{missing}")


@pytest.mark.parametrize(
    ("plain", "literal"),
    [("it's", "'it''s'"), ("", "''"), (None, "NULL"), (7, "7"), (True, "TRUE"), ("\\", "'\\'")],
)
def test_value_is_a_literal(plain: "str | int | None", literal: str) -> None:
    assert value(plain) == literal


def test_names_are_quoted_and_separated_by_commas() -> None:
    assert names(["user", 'a"b']) == '"user", "a""b"'


def test_joined_renders_once_for_each_column() -> None:
    assert (
        joined("{column} = new.{column}", ["a", "b"], " and ") == '"a" = new."a" and "b" = new."b"'
    )
