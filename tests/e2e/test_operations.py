"""docs/operations.md on one machine: the page's commands do what it says."""

from collections.abc import Iterator
from typing import Any

import pytest
from pg8000.exceptions import DatabaseError
from pg8000.native import Connection

from embedded.server import Server
from postgres import connected, from_dsn
from tests.pages import Page, Shell

PAGE = Page("operations.md")
[CYCLE] = PAGE.commands("## Pause and resume")
HISTORY = """
    select sales_order_id, version, batch_seq, is_deleted, units_sold, unit_price, valid_from
    from warehouse.fact_sales_order_history order by 1, 2
"""


def history(dsn: str) -> Any:
    with connected(from_dsn(dsn), "test") as connection:
        return connection.run(HISTORY)


def edit(source: Connection, order: int = 7) -> None:
    source.run(
        "update sales_order set units_sold = units_sold + 1 where sales_order_id = :o", o=order
    )


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    """Create another database, empty."""
    server.create_database("of_operations")
    yield server.dsn("of_operations")
    server.drop_database("of_operations")


@pytest.fixture
def shell_with_empty(shell: Shell, empty: str) -> Shell:
    """Add the empty database to the shell's variables, under the page's two names."""
    return Shell({**shell.variables, "empty": empty, "another": empty}, shell.capsys)


@pytest.mark.loaded
def test_poll_after_a_pause_lands_all_changes_as_one_batch(shell: Shell, source: Connection):
    assert shell.types(CYCLE).report["seq"] == 1
    edit(source)
    edit(source)
    edit(source, 8)
    source.run("update design set file_name = file_name || '_2' where design_id = 3")
    resumed = shell.types(CYCLE).report
    assert (resumed["seq"], resumed["loaded_through"]) == (2, 2)
    assert {table: counts["U"] for table, counts in resumed["changes"].items()} == {
        "sales_order": 2,
        "design": 1,
    }


@pytest.mark.loaded
def test_table_read_again_lands_nothing_if_it_equals_its_mirror(shell: Shell, source: Connection):
    [reread] = PAGE.commands("## Read a table in full")
    again = shell.types(reread)
    assert (again.status, again.report["changes"]) == (0, {})
    assert "reading all on demand" in again.err
    source.run("update staff set first_name = 'Ana' where staff_id = 3")
    assert shell.types(reread).report["changes"] == {"staff": {"I": 0, "U": 1, "D": 0}}


@pytest.mark.loaded
@pytest.mark.parametrize(
    ("heading", "generation"),
    [("## The warehouse is lost", 1), ("## Replay after a corrected transformation", 2)],
)
def test_warehouse_is_rebuilt_version_for_version(
    shell_with_empty: Shell,
    source: Connection,
    warehouse_dsn: str,
    empty: str,
    heading: str,
    generation: int,
):
    rebuild, reconcile = PAGE.commands(heading)
    edit(source)
    source.run("update transaction set sales_order_id = null where sales_order_id = 9")
    source.run("delete from sales_order where sales_order_id = 9")
    shell_with_empty.types(CYCLE)
    assert shell_with_empty.types(rebuild).report["generation"] == generation
    assert history(empty) == history(warehouse_dsn)
    compared = shell_with_empty.types(reconcile)
    assert (compared.status, compared.report["unexplained"]) == (0, 0)


@pytest.mark.loaded
def test_reader_can_read_views_and_cannot_write(
    shell: Shell, warehouse_dsn: str, warehouse: Connection
):
    grant, end = PAGE.blocks("sql", "## People")
    warehouse.run(grant)
    try:
        at = from_dsn(warehouse_dsn)
        dsn = f"postgresql://ana:to%20be%20changed@{at.host}:{at.port}/{at.database}"
        with connected(from_dsn(dsn), "ana") as ana:
            [[orders]] = ana.run("select count(*) from warehouse.fact_sales_order_current")
            assert orders > 0
            with pytest.raises(DatabaseError, match="permission denied"):
                ana.run("delete from warehouse.dim_staff")
    finally:
        warehouse.run(end)
