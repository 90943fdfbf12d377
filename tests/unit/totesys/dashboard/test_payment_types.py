from dashboard.questions import column
from totesys.dashboard import payment_types


def test_payment_types_are_shown_as_titles():
    assert payment_types.title("SALES_RECEIPT") == "Sales receipt"


def test_answers_of_questions_show_payment_types_as_titles():
    shown = column("payment_type_name", [{"payment_type_name": "PURCHASE_PAYMENT"}])
    assert shown.title == "Payment type"
    assert shown.format("PURCHASE_PAYMENT") == "Purchase payment"
