"""The messages of the app when it cannot show data, without a browser."""

import logging
import re

import pytest
from pg8000.native import Connection
from streamlit.testing.v1 import AppTest

from dashboard import generic_pages
from dashboard.launch import APP
from dashboard.settings import LAKE, WAREHOUSE, Settings

NOWHERE = "postgresql://a@127.0.0.1:1/nowhere"


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    for name in (WAREHOUSE, LAKE):
        monkeypatch.delenv(name, raising=False)
    return AppTest.from_file(str(APP), default_timeout=60)


def messages(app: AppTest, monkeypatch: pytest.MonkeyPatch, dsn: str) -> str:
    """Return the messages on the first page for a warehouse."""
    monkeypatch.setenv(WAREHOUSE, dsn)
    app.run()
    assert not app.exception
    text = " ".join(element.value for element in (*app.error, *app.info))
    return text.replace("\\", "")  # Markdown shows the text without its escapes


def test_missing_address_of_the_warehouse(app: AppTest):
    app.run()
    assert "address of the warehouse is not configured" in app.error[0].value
    assert not app.exception


def test_database_without_a_warehouse(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, warehouse_dsn: str
):
    text = messages(app, monkeypatch, warehouse_dsn)
    assert "does not contain a warehouse of this version" in text


def test_warehouse_without_rows(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, owner: Connection, settings: Settings
):
    monkeypatch.setenv("PGPASSWORD", settings.warehouse.password or "")
    text = messages(app, monkeypatch, f"postgresql://{settings.warehouse}")
    assert "does not contain orders yet" in text


def test_error_below_the_heading_says_that_the_rest_of_the_page_is_missing(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
):
    text = messages(app, monkeypatch, NOWHERE)
    assert text.startswith("This page cannot be shown. Nothing")
    tried = r"The warehouse cannot be read \(tried \d+ s ago\)\."
    assert re.fullmatch(tried, app.caption[0].value)
    assert app.selectbox(key="refresh").value == "off"
    first = sorted(generic_pages.PAGES, key=lambda page: page.path != "history")
    monkeypatch.setattr(generic_pages, "PAGES", tuple(first))
    history = AppTest.from_file(str(APP), default_timeout=60)
    text = messages(history, monkeypatch, NOWHERE)
    assert history.title[0].value == "Order history"
    assert "The rest of this page cannot be shown. Nothing" in text


def test_errors_are_logged_without_the_password(
    app: AppTest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    with caplog.at_level(logging.ERROR):
        text = messages(app, monkeypatch, "postgresql://a:s3cret@127.0.0.1:1/nowhere")
    assert "Nothing answers at 127.0.0.1:1" in text
    assert "Nothing answers" in caplog.text
    assert "s3cret" not in text + caplog.text
