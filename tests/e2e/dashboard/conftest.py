"""One filled warehouse, one web server and one browser for the whole run."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from pyspark.sql import SparkSession

from dashboard import child
from dashboard.launch import environment
from embedded.server import Server
from tests.e2e.dashboard.chromium import DESKTOP, MISSING, executable, launched
from tests.e2e.dashboard.filled import Filled, fill


@pytest.fixture(scope="session")
def filled(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return fill(server, tmp_path_factory.mktemp("shown"), 1_200, 2, lambda: spark)


@pytest.fixture(scope="session")
def address(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the dashboard of the filled warehouse is."""
    log = tmp_path_factory.mktemp("dashboard") / "log"
    with child.running(environment(filled.dsn, [str(filled.lake)]), log) as started:
        yield started.address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = executable()
    if not found:
        pytest.skip(MISSING)
    with launched(found) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own for the test, as wide as a desktop's."""
    context = browser.new_context(viewport=DESKTOP)
    yield context.new_page()
    context.close()
