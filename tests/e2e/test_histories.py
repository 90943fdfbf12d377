"""Random histories through the whole platform, compared with a model of every order's versions."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pg8000.native import Connection
from pyspark.sql import SparkSession

from embedded.platform import Platform
from embedded.server import Server
from ingestion_lambda.capture.options import CaptureOptions, Method
from ingestion_lambda.options import PollOptions
from postgres import connected, from_dsn
from tests.integration.ingestion_lambda.conftest import publish

HISTORIES = settings().max_examples // 20
Change = tuple[int, int | None, bool]
Versions = dict[int, list[tuple[int, bool]]]
NUMBERS = count(1)
NO_CHANGE: tuple[Method, list[Change]] = ("log", [])

HISTORY = """
SELECT sales_order_id, units_sold, is_deleted FROM warehouse.fact_sales_order_history
ORDER BY sales_order_id, version
"""
INSERT = """
INSERT INTO sales_order SELECT :key, created_at, last_updated, design_id, staff_id,
    counterparty_id, :units, unit_price, currency_id, agreed_delivery_date,
    agreed_payment_date, agreed_delivery_location_id
FROM sales_order WHERE sales_order_id = :pattern
"""
PATTERN = 26  # an order that no history changes

# an order is written with a number of units, or deleted (None); a late change is made by a
# transaction that stays open until after the next cycle
changes = st.tuples(
    st.sampled_from([1, 2, 3, 900, 901]), st.none() | st.integers(1, 3), st.booleans()
)
ways = st.sampled_from(["log", "log", "difference"])
steps = st.tuples(ways, st.lists(changes, min_size=1, max_size=4))
histories = st.lists(steps, min_size=2, max_size=4)


class Source:
    """The orders of the source: the committed ones, also after each of the ``commits`` since the
    last cycle, and those of one open transaction."""

    def __init__(self, connection: Connection, late: Connection) -> None:
        self._connection, self._late = connection, late
        self.committed: dict[int, int] = dict(
            connection.run("SELECT sales_order_id, units_sold FROM sales_order")
        )
        self._pending: dict[int, int | None] = {}
        self.commits: list[dict[int, int]] = []

    def change(self, key: int, units: int | None, *, is_late: bool) -> None:
        """Write or delete an order, unless the open transaction has it locked."""
        if key in self._pending or self.committed.get(key) == units:
            return
        if is_late and not self._pending:
            self._late.run("BEGIN")
        connection = self._late if is_late else self._connection
        if units is None:
            connection.run("DELETE FROM sales_order WHERE sales_order_id = :key", key=key)
        elif key in self.committed:
            update = "UPDATE sales_order SET units_sold = :units WHERE sales_order_id = :key"
            connection.run(update, units=units, key=key)
        else:
            connection.run(INSERT, key=key, units=units, pattern=PATTERN)
        if is_late:
            self._pending[key] = units
        else:
            self._apply({key: units})

    def commit_late(self) -> None:
        """Commit the open transaction, if there is one."""
        if self._pending:
            self._late.run("COMMIT")
            self._apply(self._pending)
            self._pending = {}

    def _apply(self, changes: dict[int, int | None]) -> None:
        for key, units in changes.items():
            if units is None:
                self.committed.pop(key, None)
            else:
                self.committed[key] = units
        self.commits.append(dict(self.committed))


def follow(versions: Versions, committed: dict[int, int]) -> None:
    """Add the versions of these orders: by log those after each commit, else those of a poll."""
    for key, units in committed.items():
        if versions.get(key, [(0, True)])[-1] != (units, False):
            versions.setdefault(key, []).append((units, False))
    for key, known in versions.items():
        if key not in committed and not known[-1][1]:
            known.append((known[-1][0], True))


@contextmanager
def fresh(server: Server, template: str) -> Iterator[tuple[str, str, Path]]:
    """Create a source, a warehouse and a folder for one history."""
    with ExitStack() as stack:
        names = [f"{kind}_of_history_{next(NUMBERS)}" for kind in ("source", "warehouse")]
        for name, of in zip(names, (template, None), strict=True):
            server.create_database(name, of)
            stack.callback(server.drop_database, name)
        folder = Path(tempfile.mkdtemp())
        stack.callback(shutil.rmtree, folder)
        yield server.dsn(names[0]), server.dsn(names[1]), folder


@given(history=histories)
@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@pytest.mark.timeout(600)  # five random histories of the whole platform
def test_every_order_has_exactly_the_versions_that_polls_could_see(
    server: Server,
    seeded_template: str,
    spark: SparkSession,
    history: list[tuple[Method, list[Change]]],
):
    with (
        fresh(server, seeded_template) as (source_dsn, warehouse_dsn, folder),
        ExitStack() as stack,
    ):
        sessions = [
            stack.enter_context(connected(from_dsn(dsn), "history"))
            for dsn in (source_dsn, source_dsn, warehouse_dsn)
        ]
        source, warehouse = Source(*sessions[:2]), sessions[2]
        platform = Platform(folder, source_dsn, warehouse_dsn, spark=lambda: spark)
        publish(sessions[0])
        versions: Versions = {}
        follow(versions, source.committed)
        for way, step in [NO_CHANGE, *history, NO_CHANGE]:
            source.commit_late()
            for key, units, is_late in step:
                source.change(key, units, is_late=is_late)
            platform.cycle(PollOptions(capture=CaptureOptions(way)))
            head = platform.lake.batches.head()
            is_captured = way == "log" and head is not None and not head.gaps
            for committed in source.commits if is_captured else [source.committed]:
                follow(versions, committed)
            source.commits.clear()
            assert stored_versions(warehouse) == versions
        source.commit_late()


def stored_versions(warehouse: Connection) -> Versions:
    """Return the versions of every order in the warehouse."""
    versions: Versions = {}
    for key, units, is_deleted in warehouse.run(HISTORY):
        versions.setdefault(key, []).append((units, is_deleted))
    return versions
