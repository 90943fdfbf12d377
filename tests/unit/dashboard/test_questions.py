from decimal import Decimal
from typing import Any

import pytest

from dashboard.questions import column


@pytest.mark.parametrize(
    ("name", "values", "title", "is_number"),
    [
        ("orders", [None, 3], "Orders", True),
        ("total_value", [Decimal("1.50")], "Total value", True),
        ("country", ["Samoa"], "Country", False),
        ("sales_order_id", [7], "Sales order ID", True),
        ("country", [None], "Country", False),
    ],
)
def test_column_of_an_answer_follows_its_name_and_the_type_of_its_values(
    name: str, values: list[Any], title: str, is_number: bool
):
    shown = column(name, [{name: value} for value in values])
    assert (shown.title, shown.is_number) == (title, is_number)


def test_ids_in_an_answer_have_no_thousands_separators():
    assert column("staff_id", [{"staff_id": 1234}]).format(1234) == "1234"
