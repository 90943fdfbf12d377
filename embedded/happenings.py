"""What happens in the demo's source, one after the other, and what tells that it arrived."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pg8000.native import Connection

from embedded.simulator import Simulator
from postgres import render

IS_CURRENT = """
SELECT EXISTS (SELECT FROM {schema}.fact_sales_order_current WHERE sales_order_id = {key})
"""
VERSIONS = "SELECT count(*) FROM {schema}.fact_sales_order_history WHERE sales_order_id = {key}"
DEPARTMENTS = "SELECT staff_id, department_name FROM {schema}.dim_staff ORDER BY staff_id"

Arrived = Callable[[], bool]


@dataclass(frozen=True)
class Happenings:
    """Changes that ``simulator`` makes. Each commits, and returns how to ask ``warehouse``
    whether it can be seen there."""

    simulator: Simulator
    warehouse: Connection
    schema: str

    def placed(self) -> tuple[int, Arrived]:
        """An order is placed; its number, for what happens to it next."""
        order = self.simulator.place_sales_order().order_id
        return order, lambda: self._is_current(order)

    def edited(self, order: int) -> Arrived:
        """An order is edited, and its last_updated stays as it was."""
        versions = self._versions(order)
        self.simulator.edit_sales_order_silently(order)
        return lambda: self._versions(order) == versions + 1

    def placed_in_savepoint(self) -> Arrived:
        """An order is placed by a savepoint, and another is rolled back."""
        transaction = self.simulator.place_order_in_savepoint()
        return lambda: self._is_current(transaction.order_id)

    def moved(self) -> Arrived:
        """A member of staff moves to another department."""
        before = self._departments()
        self.simulator.move_staff()
        return lambda: self._departments() != before

    def deleted(self, order: int) -> Arrived:
        """An order is deleted; its history stays, and ends with a tombstone."""
        versions = self._versions(order)
        self.simulator.delete_sales_order(order)
        return lambda: not self._is_current(order) and self._versions(order) == versions + 1

    def is_current(self, order: int) -> Arrived:
        """For an order that somebody else places."""
        return lambda: self._is_current(order)

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
