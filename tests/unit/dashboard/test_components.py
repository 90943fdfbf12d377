from dashboard.components import Column, by_currency, table_html


def test_values_of_a_table_are_escaped():
    html = table_html([Column("name", "<Name>")], [{"name": "<script>O'Keefe & Sons"}], 'a "b"')
    assert "<script>" not in html
    assert "&lt;script&gt;O&#x27;Keefe &amp; Sons" in html
    assert "&lt;Name&gt;" in html
    assert 'aria-label="a &quot;b&quot;"' in html


def test_numbers_stand_to_the_right_as_they_are_spelled():
    html = table_html([Column("n", "N", lambda n: f"{n:,}", is_number=True)], [{"n": 1234}], "")
    assert '<td class="number">1,234</td>' in html


def test_rows_of_currencies_are_kept_apart():
    rows = [{"currency": "EUR", "value": 1}, {"currency": "GBP", "value": 2}]
    assert by_currency(rows) == {"EUR": rows[:1], "GBP": rows[1:]}
