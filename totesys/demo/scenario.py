"""The demo's scenario: changes of the source, and how to check that each reached the warehouse."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pg8000.native import Connection

from postgres import Address, render
from totesys.demo.order_history import RowHistory, order_history
from totesys.simulator import Edit, Order, Simulator

IS_CURRENT = """
SELECT EXISTS (SELECT FROM {schema}.fact_sales_order_current WHERE sales_order_id = {key})
"""
VERSIONS = "SELECT count(*) FROM {schema}.fact_sales_order_history WHERE sales_order_id = {key}"
DEPARTMENTS = "SELECT staff_id, department_name FROM {schema}.dim_staff ORDER BY staff_id"
CITY = "SELECT city, phone FROM {schema}.dim_location WHERE location_id = {key}"
PAID = """
SELECT count(*) FROM {schema}.fact_payment_current WHERE paid AND payment_id = any(:keys)
"""
DUE = """
SELECT payment_date FROM payment WHERE NOT paid GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
"""


@dataclass(frozen=True)
class Change:
    """A committed change of the source: the columns with their new values, and a check whether
    the warehouse shows it."""

    columns: str
    is_visible: Callable[[], bool]


@dataclass(frozen=True)
class Step:
    """A step of the scenario: ``action`` commits a change of the source."""

    title: str
    action: Callable[[], Change]


class Scenario:
    """Changes of every kind, each to be followed by a cycle of the platform.

    ``source`` and ``address`` lead to the same database: the second is for a transaction that stays
    open during a ``cycle``.
    """

    def __init__(
        self,
        source: Connection,
        address: Address,
        warehouse: Connection,
        schema: str,
        cycle: Callable[[], object],
    ) -> None:
        self._source, self._address = source, address
        self._warehouse, self._schema = warehouse, schema
        self._cycle = cycle
        self._simulator = Simulator(source)
        self._order = 0  # the order that the scenario follows, from placed to deleted

    def steps(self) -> list[Step]:
        """Return the steps, to be run in this order."""
        return [
            Step("an order is placed, with its transaction and payment", self._place),
            Step("it is edited; last_updated stays as it was", self._edit),
            Step("it is edited once more", self._edit),
            Step("an order is written in a savepoint", self._place_in_savepoint),
            Step("the payments due on a day are paid, at one moment", self._pay),
            Step("a member of staff moves to another department", self._move_staff),
            Step("an address changes", self._change_address),
            Step("an order stamped before the last poll commits after it", self._commit_late),
            Step("the first order is deleted", self._delete),
        ]

    def steps_within_a_poll(self) -> list[Step]:
        """Return steps of several transactions, whose versions only a poll by log tells apart. The
        scenario follows another order from then on."""
        return [
            Step("another order is placed", self._place),
            Step("it is edited three times within one poll, and put back", self._edit_and_put_back),
            Step("an order is placed and cancelled within one poll", self._place_and_cancel),
        ]

    def history(self) -> RowHistory:
        """Return the history of the order that the scenario follows."""
        return order_history(self._warehouse, self._schema, self._order)

    def _place(self) -> Change:
        order = self._simulator.place_sales_order()
        self._order = order.order_id
        return self._placed(order)

    def _edit(self) -> Change:
        """Edit the order; its last_updated stays as it was."""
        order, versions = self._order, self._versions(self._order)
        edit = self._simulator.edit_sales_order_silently(order)
        return Change(_columns(edit), lambda: self._versions(order) == versions + 1)

    def _edit_and_put_back(self) -> Change:
        """Edit the order in four transactions; the last one makes it what it was."""
        order, versions = self._order, self._versions(self._order)
        units = self._simulator.edit_sales_order_and_put_it_back(order)
        return Change(
            f"sales_order {order}: units_sold = {', then '.join(map(str, units))}",
            lambda: self._versions(order) == versions + len(units),
        )

    def _place_and_cancel(self) -> Change:
        """Place an order and delete it before any poll sees it."""
        order = self._simulator.place_sales_order().order_id
        self._simulator.delete_sales_order(order)
        return Change(
            f"sales_order {order} lived for milliseconds",
            lambda: self._versions(order) == 2 and not self._is_current(order),  # noqa: PLR2004 - placed, deleted
        )

    def _place_in_savepoint(self) -> Change:
        """Place an order in a savepoint, and roll another one back."""
        return self._placed(self._simulator.place_order_in_savepoint())

    def _pay(self) -> Change:
        """Pay the payments due on the day that has most of them, all at one moment."""
        [[day]] = self._source.run(DUE)
        keys = self._simulator.pay_due(date.fromisoformat(day))
        query = render(PAID, schema=self._schema)
        return Change(
            f"{len(keys)} payments: paid = true, last_updated",
            lambda: bool(self._warehouse.run(query, keys=keys) == [[len(keys)]]),
        )

    def _move_staff(self) -> Change:
        before = self._departments()
        edit = self._simulator.move_staff()
        return Change(_columns(edit), lambda: self._departments() != before)

    def _change_address(self) -> Change:
        edit = self._simulator.change_address()
        expected = [[edit.changed["city"], edit.changed["phone"]]]
        return Change(_columns(edit), lambda: self._query(CITY, edit.key) == expected)

    def _commit_late(self) -> Change:
        """Commit an order after a cycle that could not see it, with timestamps from before it."""
        with self._simulator.late_order(self._address) as order:
            self._cycle()
        return self._placed(order)

    def _delete(self) -> Change:
        """Delete the order; its history stays and ends with a tombstone."""
        order, versions = self._order, self._versions(self._order)
        self._simulator.delete_sales_order(order)
        return Change(
            f"sales_order {order} is deleted; sales_order_id = NULL in its transaction",
            lambda: not self._is_current(order) and self._versions(order) == versions + 1,
        )

    def _placed(self, order: Order) -> Change:
        columns = (
            f"sales_order {order.order_id}, transaction {order.transaction_id},"
            f" payment {order.payment_id}"
        )
        return Change(columns, lambda: self._is_current(order.order_id))

    def _is_current(self, order: int) -> bool:
        return bool(self._query(IS_CURRENT, order)[0][0])

    def _versions(self, order: int) -> int:
        """Return how many versions the order has."""
        return int(self._query(VERSIONS, order)[0][0])

    def _departments(self) -> list[list[Any]]:
        rows: list[list[Any]] = self._warehouse.run(render(DEPARTMENTS, schema=self._schema))
        return rows

    def _query(self, query: str, key: int) -> list[list[Any]]:
        rows: list[list[Any]] = self._warehouse.run(render(query, schema=self._schema, key=key))
        return rows


def _columns(edit: Edit) -> str:
    """Return the edited columns with their new values."""
    changed = ", ".join(f"{name} = {value}" for name, value in edit.changed.items())
    return f"{edit.table} {edit.key}: {changed}"
