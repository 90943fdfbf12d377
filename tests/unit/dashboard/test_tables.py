from datetime import date, datetime
from decimal import Decimal

import pytest

from dashboard.tables import Column, csv_bytes, file_name, table_html


def test_values_titles_and_caption_of_a_table_are_escaped():
    html = table_html([Column("name", "<Name>")], [{"name": "<script>O'Keefe & Sons"}], 'a "b"')
    assert "<script>" not in html
    assert "&lt;script&gt;O&#x27;Keefe &amp; Sons" in html
    assert "&lt;Name&gt;" in html
    assert 'aria-label="a &quot;b&quot;"' in html


def test_numbers_are_formatted_and_aligned_to_the_right():
    html = table_html([Column("n", "N", lambda n: f"{n:,}", is_number=True)], [{"n": 1234}], "")
    assert '<td class="number" data-title="N" data-order="1234">1,234</td>' in html


def test_missing_and_empty_texts_are_distinguished():
    columns = [Column("name", "Name"), Column("country", "Country")]
    html = table_html(columns, [{"name": "", "country": None}], "Customers")
    assert ">(empty)</td>" in html
    assert ">-</td>" in html


def test_value_with_a_link_leads_there_and_the_address_is_escaped():
    column = Column("key", "Order", link=lambda row: f'history?order={row["key"]}&x="')
    html = table_html([column], [{"key": 7}], "Orders")
    assert '<a href="history?order=7&amp;x=&quot;">7</a>' in html


def test_download_has_every_digit_no_separators_and_times_in_iso_8601():
    columns = [Column(name, name.upper(), lambda _: "shown") for name in ("a", "b", "c", "d", "e")]
    row = {
        "a": Decimal("1234567.50"),
        "b": date(2026, 11, 3),
        "c": datetime(2026, 11, 3, 7, 5, 9),
        "d": 'O"Hara, Ł',
        "e": None,
    }
    assert csv_bytes(columns, [row]) == (
        b"\xef\xbb\xbfA,B,C,D,E\r\n"
        b"1234567.50,2026-11-03,2026-11-03T07:05:09," + '"O""Hara, Ł",\r\n'.encode()
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1"])
def test_text_that_a_spreadsheet_would_run_is_exported_as_text(text: str):
    assert csv_bytes([Column("a", "A")], [{"a": text}]).decode().endswith(f"'{text}\r\n")


def test_amount_below_zero_is_exported_as_a_number():
    assert csv_bytes([Column("a", "A")], [{"a": Decimal("-1.50")}]).endswith(b"\r\n-1.50\r\n")


def test_file_name_of_a_caption_has_no_special_characters():
    assert file_name("Largest orders in EUR / 2026?") == "largest-orders-in-eur-2026"
