from datetime import UTC, datetime, timedelta

from dashboard import status_line
from dashboard.reader import AsOf

NOW = datetime(2026, 11, 3, 19, 32, 2, tzinfo=UTC)


def test_line_shows_the_clock_of_the_source_and_the_age_of_the_data():
    as_of = AsOf(7, datetime(2026, 11, 3, 20, 31, 37), NOW - timedelta(seconds=25))
    assert status_line.text(as_of, NOW) == "Data as of 3 Nov 2026, 20:31:37 (25 s ago)"


def test_line_says_when_the_warehouse_could_not_be_read():
    line = status_line.unreadable(NOW - timedelta(seconds=12), NOW)
    assert line == "The warehouse cannot be read (tried 12 s ago)."


def test_line_of_an_empty_warehouse_names_no_time():
    assert status_line.text(None, NOW) == "No data is loaded yet."
