"""What happens in the demo's source, one after the other, and what tells that it arrived."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pg8000.native import Connection

from postgres import render
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

Arrived = Callable[[], bool]


@dataclass(frozen=True)
class Change:
    """What changed in the source, column by column, and how to ask whether it arrived."""

    columns: str
    arrived: Arrived


@dataclass(frozen=True)
class Scenario:
    """Changes that ``simulator`` makes. Each commits, and returns how to ask ``warehouse``
    whether it can be seen there."""

    simulator: Simulator
    source: Connection
    warehouse: Connection
    schema: str

    def placed(self) -> tuple[int, Change]:
        """An order is placed; its number, for what happens to it next."""
        order = self.simulator.place_sales_order()
        return order.order_id, self.is_current(order)

    def edited(self, order: int) -> Change:
        """An order is edited, and its last_updated stays as it was."""
        versions = self._versions(order)
        edit = self.simulator.edit_sales_order_silently(order)
        return Change(_columns(edit), lambda: self._versions(order) == versions + 1)

    def placed_in_savepoint(self) -> Change:
        """An order is placed by a savepoint, and another is rolled back."""
        return self.is_current(self.simulator.place_order_in_savepoint())

    def paid(self) -> Change:
        """The payments due on the day with most of them are paid, all at one moment."""
        [[day]] = self.source.run(DUE)
        keys = self.simulator.pay_due(date.fromisoformat(day))
        columns = f"{len(keys)} payments: paid = true, last_updated"
        query = render(PAID, schema=self.schema)
        return Change(columns, lambda: bool(self.warehouse.run(query, keys=keys) == [[len(keys)]]))

    def moved(self) -> Change:
        """A member of staff moves to another department."""
        before = self._departments()
        edit = self.simulator.move_staff()
        return Change(_columns(edit), lambda: self._departments() != before)

    def address_changed(self) -> Change:
        """An address gets another city and phone number."""
        edit = self.simulator.change_address()
        now = [[edit.changed["city"], edit.changed["phone"]]]
        return Change(_columns(edit), lambda: self._asked(CITY, edit.key) == now)

    def deleted(self, order: int) -> Change:
        """An order is deleted; its history stays, and ends with a tombstone."""
        versions = self._versions(order)
        self.simulator.delete_sales_order(order)
        return Change(
            f"sales_order {order} is gone; sales_order_id = NULL in its transaction",
            lambda: not self._is_current(order) and self._versions(order) == versions + 1,
        )

    def is_current(self, order: Order) -> Change:
        """An order was placed."""
        columns = (
            f"sales_order {order.order_id}, transaction {order.transaction_id},"
            f" payment {order.payment_id}"
        )
        return Change(columns, lambda: self._is_current(order.order_id))

    def _is_current(self, order: int) -> bool:
        return bool(self._asked(IS_CURRENT, order)[0][0])

    def _versions(self, order: int) -> int:
        return int(self._asked(VERSIONS, order)[0][0])

    def _departments(self) -> list[list[Any]]:
        rows: list[list[Any]] = self.warehouse.run(render(DEPARTMENTS, schema=self.schema))
        return rows

    def _asked(self, query: str, order: int) -> list[list[Any]]:
        rows: list[list[Any]] = self.warehouse.run(render(query, schema=self.schema, key=order))
        return rows


def _columns(edit: Edit) -> str:
    """The columns that an edit changed, with what they hold now."""
    changed = ", ".join(f"{name} = {value}" for name, value in edit.changed.items())
    return f"{edit.table} {edit.key}: {changed}"
