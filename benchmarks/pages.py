"""The cost of the dashboard's pages for all time: `python -m benchmarks.pages --orders 1000000`.

Each page is drawn by Streamlit without a browser, in the warehouse of benchmarks.questions. The
result of no query is in the cache.
"""

import logging
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from time import perf_counter, process_time
from typing import Any
from unittest.mock import patch

import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.measuring import Figure, server_seconds
from benchmarks.questions import Warehouse, filled
from benchmarks.report import show
from benchmarks.source import process_of
from dashboard.generic_pages import PAGES
from dashboard.reader import Reader
from dashboard.settings import LAKE, WAREHOUSE
from embedded.demo.dashboard_process import reader_dsn

PERIOD = {"period": "All"}
LIMIT = 120  # seconds


def figures(warehouse: Warehouse) -> Iterator[Figure]:
    """Yield the cost of each page: its seconds, those of its slowest query, and the processor
    seconds of the dashboard, of which Streamlit's frame of an empty page takes 0.2."""
    dsn = reader_dsn(warehouse.server, "warehouse", "benchmark_reader")
    server = process_of(warehouse.server)
    logging.disable(logging.WARNING)  # Streamlit's, about a cache without a server
    with patch.dict(os.environ, {WAREHOUSE: dsn}):
        os.environ.pop(LAKE, None)
        _draw(PAGES[-1].path)  # the first page imports what all need
        for page in PAGES:
            st.cache_data.clear()
            before, own, start = server_seconds(server), process_time(), perf_counter()
            queries = _draw(page.path)
            seconds, own = perf_counter() - start, process_time() - own
            cost = server_seconds(server) - before
            note = f"{len(queries)} queries, the slowest {max(queries, default=0.0):.2f} s"
            case = f"{warehouse.orders:,} orders: {page.title}"
            yield Figure("page", case, seconds, own, cost, note=note)


def draw_page(path: str) -> None:
    """Draw a page as the app does, without its navigation. Streamlit runs the source of this
    function alone."""
    import os  # noqa: PLC0415 - it must be in the source

    from dashboard.generic_pages import PAGES  # noqa: PLC0415 - as above
    from dashboard.reader import reading  # noqa: PLC0415 - as above
    from dashboard.settings import from_environment  # noqa: PLC0415 - as above

    [page] = [page for page in PAGES if page.path == path]
    with reading(from_environment(os.environ)) as reader:
        page.draw(reader)


def _draw(path: str) -> list[float]:
    """Draw the page, and return the seconds of each of its queries."""
    seconds = []
    fetch = Reader.fetch

    def timed(reader: Reader, statement: str, parameters: dict[str, Any]) -> Any:
        start = perf_counter()
        try:
            return fetch(reader, statement, parameters)
        finally:
            seconds.append(perf_counter() - start)

    app = AppTest.from_function(draw_page, args=(path,), default_timeout=LIMIT)
    app.query_params.update(PERIOD)
    with patch.object(Reader, "fetch", timed):
        app.run()
    if app.exception:
        raise RuntimeError(app.exception[0].value)
    return seconds


def main() -> None:
    """Create the warehouse, and draw every page."""
    parser = ArgumentParser("python -m benchmarks.pages", description="Measure the pages.")
    parser.add_argument("--orders", type=int, default=100_000, help="sales orders (100000)")
    with filled(parser.parse_args().orders) as warehouse:
        show(figures(warehouse))


if __name__ == "__main__":
    main()
