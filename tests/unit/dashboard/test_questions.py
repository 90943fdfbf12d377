from dashboard.questions import column


def test_kind_of_payment_is_told_in_words():
    rows = [{"payment_type_name": "PURCHASE_PAYMENT"}]
    made = column("payment_type_name", rows)
    assert made.title == "Kind of payment"
    assert made.spelled("PURCHASE_PAYMENT") == "Purchase payment"
