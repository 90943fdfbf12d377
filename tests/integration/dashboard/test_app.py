"""What pages say where there is nothing to show, without a browser."""

import logging

import pytest
from pg8000.native import Connection
from streamlit.testing.v1 import AppTest

from dashboard import pages
from dashboard.launch import APP
from dashboard.settings import LAKE, WAREHOUSE


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    for name in (WAREHOUSE, LAKE):
        monkeypatch.delenv(name, raising=False)
    return AppTest.from_file(str(APP), default_timeout=60)


def look(app: AppTest, monkeypatch: pytest.MonkeyPatch, dsn: str) -> str:
    """What the home page tells when it is opened on a database."""
    monkeypatch.setenv(WAREHOUSE, dsn)
    app.run()
    assert not app.exception
    return " ".join(element.value for element in (*app.error, *app.info))


def test_nobody_said_where_the_warehouse_is(app: AppTest):
    app.run()
    assert WAREHOUSE in app.error[0].value
    assert not app.exception


def test_warehouse_that_was_never_made(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, warehouse_dsn: str
):
    assert "has no warehouse of this version" in look(app, monkeypatch, warehouse_dsn)


def test_warehouse_without_rows(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, owner: Connection, warehouse_dsn: str
):
    assert "holds no orders yet" in look(app, monkeypatch, warehouse_dsn)


def test_page_that_fails_below_its_heading_says_that_the_rest_is_missing(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
):
    nowhere = "postgresql://a@127.0.0.1:1/nowhere"
    assert look(app, monkeypatch, nowhere).startswith("This page cannot be shown. Nothing")
    monkeypatch.setattr(pages, "PAGES", pages.PAGES[::-1])  # the platform's page is first
    platform = AppTest.from_file(str(APP), default_timeout=60)
    told = look(platform, monkeypatch, nowhere)
    assert platform.title[0].value == "The platform"
    assert "The rest of this page cannot be shown. Nothing" in told


def test_failure_is_logged_and_tells_no_password(
    app: AppTest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    with caplog.at_level(logging.ERROR):
        told = look(app, monkeypatch, "postgresql://a:s3cret@127.0.0.1:1/nowhere")
    assert "Nothing answers at 127.0.0.1:1" in told
    assert "Nothing answers" in caplog.text
    assert "s3cret" not in told + caplog.text
