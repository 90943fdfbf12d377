import pytest

from dashboard.questions import column
from totesys.dashboard import payment_types
from totesys.dashboard.payment_types import PAYABLES, RECEIVABLES


def test_payment_types_are_shown_as_titles():
    assert payment_types.title("SALES_RECEIPT") == "Sales receipt"


def test_answers_of_questions_show_payment_types_as_titles():
    shown = column("payment_type_name", [{"payment_type_name": "PURCHASE_PAYMENT"}])
    assert shown.title == "Payment type"
    assert shown.format("PURCHASE_PAYMENT") == "Purchase payment"


@pytest.mark.parametrize("name", sorted(RECEIVABLES | PAYABLES))
def test_payment_type_is_either_a_receivable_or_a_payable(name: str):
    assert (name in RECEIVABLES) != (name in PAYABLES)
