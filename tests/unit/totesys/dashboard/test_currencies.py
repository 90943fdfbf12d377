from totesys.dashboard.currencies import by_currency


def test_rows_of_different_currencies_are_separate():
    rows = [{"currency": "EUR", "value": 1}, {"currency": "GBP", "value": 2}]
    assert by_currency(rows) == {"EUR": rows[:1], "GBP": rows[1:]}
