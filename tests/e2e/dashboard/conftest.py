"""One filled warehouse, one web server and one browser for the tests of a worker."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pyspark.sql import SparkSession

from dashboard import child, ports
from dashboard.launch import HOST, environment
from embedded.server import Server
from tests.e2e.dashboard.chromium import (
    DESKTOP,
    MISSING,
    PHONE,
    TIMEOUT,
    context,
    executable,
    launched,
)
from tests.e2e.dashboard.filled import Filled, fill

ORDERS = 1_200

expect.set_options(timeout=TIMEOUT)


@pytest.fixture(scope="session")
def filled(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    return fill(server, tmp_path_factory.mktemp("dashboard"), ORDERS, spark=lambda: spark)


@pytest.fixture(scope="session")
def address(filled: Filled, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the dashboard of the filled warehouse."""
    log = tmp_path_factory.mktemp("dashboard") / "log"
    environ = environment(filled.dsn, [str(filled.lake)])
    with child.running(environ, log, ports.any_free(HOST)) as server:
        yield server.address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = executable()
    if not path:
        pytest.skip(MISSING)
    with launched(path) as browser:
        yield browser


@pytest.fixture(scope="session")
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """A context whose pages share the browser's cache. The dashboard keeps the values of filters
    in the session of a page, which is never shared."""
    with context(browser, viewport=DESKTOP) as opened:
        yield opened


@pytest.fixture(scope="session")
def phone(browser: Browser) -> Iterator[BrowserContext]:
    with context(browser, viewport=PHONE) as opened:
        yield opened


@pytest.fixture
def page(desktop: BrowserContext) -> Iterator[Page]:
    """A page with its own session, as wide as a desktop."""
    with desktop.new_page() as page:
        yield page
