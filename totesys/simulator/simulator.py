"""Changes of the simulated source; each is one transaction unless its docstring says otherwise."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from pg8000.native import Connection

from postgres import Address, connected, render, transaction, value
from totesys.simulator.orders import PURCHASES, SALES, Order, item_code, place
from totesys.simulator.rows import Edit, Value, edit, pick, row, today

SCHEMA = Path(__file__).with_name("schema.sql")
SEED = Path(__file__).with_name("seed.sql")
END_OF_HISTORY = date(2024, 11, 15)
ORDERS_A_DAY, ORDERS_A_DESIGN, LEAST_DESIGNS = 30, 30, 20
WORKING_DAYS = 520  # two years
PAYMENTS_A_FLIP = 37
OPENING, OPEN = time(8), timedelta(hours=9)
FRIDAY = 4  # of date.weekday
FOLDERS = ("/usr/share", "/opt", "/srv", "/media", "/home/it's here")
GOODS = {SALES: "design_id", PURCHASES: "item_code"}
PAY_DUE = "pay_due"
WEIGHTS = {
    "place_sales_order": 38,
    "place_purchase_order": 14,
    "place_order_in_savepoint": 5,
    "edit_sales_order_silently": 18,
    "edit_purchase_order_silently": 8,
    "change_design_silently": 4,
    "move_staff": 3,
    "change_address": 3,
    "delete_sales_order": 3,
    PAY_DUE: 4,
}
"""The changes that `step` draws from, each with its weight out of a hundred."""
CITIES = ("Leeds", "St. Mary's", "Kraków", "Washington, D.C.", "New Torrance")


class Simulator:
    """Changes a source over ``connection``. The same ``seed`` on the same data makes the same
    changes.

    Only times differ between two runs, because they come from the source's clock. New orders are
    placed now, or at a moment of business within the last ``spread`` days, so that many orders in a
    short time do not pile up on one day.
    """

    def __init__(self, connection: Connection, seed: int = 0, spread: int = 0) -> None:
        self._connection = connection
        self._spread = spread
        self._seed = seed
        # repeatable on purpose; it protects nothing
        self._random = Random(seed)  # nosec B311

    def create_schema(self) -> None:
        """Create the tables of the source, empty."""
        with transaction(self._connection):
            self._connection.run(SCHEMA.read_text())

    def seed(
        self, orders: int = 200, until: date = END_OF_HISTORY, days: int | None = None
    ) -> None:
        """Fill the empty tables with the history of ``orders`` orders that ends before ``until``,
        over so many working ``days``; by default, with 30 orders a day or more.

        The same seed and arguments give the same rows, times included.
        """
        per_day = ceil(orders / (days or WORKING_DAYS))
        if days is None:
            per_day = max(ORDERS_A_DAY, per_day)
        statements = render(
            SEED.read_text(),
            seed=self._seed,
            orders=orders,
            per_day=per_day,
            days=max(1, ceil(orders / per_day)),
            designs=max(LEAST_DESIGNS, orders // ORDERS_A_DESIGN),
            until=value(until.isoformat()),
        )
        with transaction(self._connection):
            self._connection.run(statements)

    def place_sales_order(self) -> Order:
        """Place a sales order with its transaction and payment; all three share created_at."""
        with transaction(self._connection):
            return self._place(SALES)

    def place_purchase_order(self) -> Order:
        """Place a purchase order with its transaction and payment; they share created_at."""
        with transaction(self._connection):
            return self._place(PURCHASES)

    def place_order_in_savepoint(self) -> Order:
        """Place a sales order in a savepoint that is released, and another in one rolled back."""
        with transaction(self._connection):
            self._connection.run("savepoint kept")
            order = place(self._connection, self._random, SALES)
            self._connection.run("release savepoint kept")
            self._connection.run("savepoint regretted")
            place(self._connection, self._random, SALES)
            self._connection.run("rollback to savepoint regretted")
        return order

    @contextmanager
    def late_order(self, address: Address) -> Iterator[Order]:
        """Place a sales order now, over another connection, and commit it after the block.

        If the block fails, the order is rolled back.
        """
        with connected(address, "simulator, late order") as second, transaction(second):
            yield place(second, self._random, SALES)

    def edit_sales_order_silently(self, order_id: int | None = None) -> Edit:
        """Change one to four of staff, design, delivery date and location of a sales order.

        Its last_updated stays as it is.
        """
        return self._edit_order_silently(SALES, order_id)

    def edit_sales_order_and_put_it_back(self, order_id: int) -> list[int]:
        """Give a sales order three other numbers of units, then the first one again, each in a
        transaction of its own. Return the numbers; its last_updated stays as it is."""
        (units,) = self._row(SALES, order_id, "units_sold")
        numbers = [units + 1, units + 2, units + 3, units]
        for number in numbers:
            with transaction(self._connection):
                changed = {"units_sold": number}
                edit(self._connection, SALES, order_id, changed, silently=True)
        return numbers

    def edit_purchase_order_silently(self, order_id: int | None = None) -> Edit:
        """Change one to four of staff, item, delivery date and location of a purchase order.

        Its last_updated stays as it is.
        """
        return self._edit_order_silently(PURCHASES, order_id)

    def change_design_silently(self, design_id: int | None = None) -> Edit:
        """Move the file of a design to another folder; its last_updated stays as it is."""
        with transaction(self._connection):
            design_id = design_id or self._pick("design")
            (folder,) = self._row("design", design_id, "file_location")
            changed = {"file_location": self._choice(FOLDERS, folder)}
            return edit(self._connection, "design", design_id, changed, silently=True)

    def move_staff(self, staff_id: int | None = None) -> Edit:
        """Move a member of staff to another department."""
        with transaction(self._connection):
            staff_id = staff_id or self._pick("staff")
            (department,) = self._row("staff", staff_id, "department_id")
            changed = {"department_id": self._pick("department", department)}
            return edit(self._connection, "staff", staff_id, changed)

    def change_address(self, address_id: int | None = None) -> Edit:
        """Give an address another phone number and another city."""
        with transaction(self._connection):
            address_id = address_id or self._pick("address")
            (city,) = self._row("address", address_id, "city")
            phone = f"{self._random.randrange(10_000):04} {self._random.randrange(1_000_000):06}"
            changed = {"city": self._choice(CITIES, city), "phone": phone}
            return edit(self._connection, "address", address_id, changed)

    def pay_due(self, day: date) -> list[int]:
        """Set the payments due on ``day`` to paid, 37 at most, all with one last_updated.

        Returns their keys.
        """
        with transaction(self._connection):
            rows = self._connection.run(
                "update payment set paid = true, last_updated = current_timestamp"
                " where payment_id in (select payment_id from payment"
                " where not paid and payment_date = :day order by payment_id limit :most)"
                " returning payment_id",
                day=day.isoformat(),
                most=PAYMENTS_A_FLIP,
            )
        return sorted(key for (key,) in rows or [])

    def delete_sales_order(self, order_id: int | None = None) -> int:
        """Delete a sales order and return its key.

        The foreign key sets its transaction's reference to NULL. The transaction's last_updated and
        the payment stay as they are.
        """
        with transaction(self._connection):
            order_id = order_id or self._pick(SALES)
            self._row(SALES, order_id, "sales_order_id")
            self._connection.run("delete from sales_order where sales_order_id = :id", id=order_id)
        return order_id

    def step(self) -> str:
        """Make a random change and return its description; the same seed on the same data draws
        the same change."""
        [change] = self._random.choices(list(WEIGHTS), list(WEIGHTS.values()))
        if change == PAY_DUE:
            count = len(self.pay_due(today(self._connection)))
            return f"{count} payments due today are paid"
        getattr(self, change)()
        return change.replace("_", " ")

    def _place(self, table: str) -> Order:
        return place(self._connection, self._random, table, self._moment())

    def _moment(self) -> datetime | None:
        """Return a moment of business, or None for now."""
        back = self._random.randrange(self._spread + 1) if self._spread else 0
        if not back:
            return None
        day = today(self._connection) - timedelta(back)
        day -= timedelta(max(0, day.weekday() - FRIDAY))
        return datetime.combine(day, OPENING) + OPEN * self._random.random()

    def _edit_order_silently(self, table: str, order_id: int | None) -> Edit:
        with transaction(self._connection):
            order_id = order_id or self._pick(table)
            possible = self._possible_edits(table, order_id)
            columns = self._random.sample(sorted(possible), self._random.randint(1, len(possible)))
            changed = {column: possible[column] for column in columns}
            return edit(self._connection, table, order_id, changed, silently=True)

    def _possible_edits(self, table: str, order_id: int) -> dict[str, Value]:
        goods, staff, location, delivery, created_at = self._row(
            table,
            order_id,
            GOODS[table],
            "staff_id",
            "agreed_delivery_location_id",
            "agreed_delivery_date",
            "created_at",
        )
        later = created_at.date() + timedelta(days=self._random.randrange(7, 60))
        return {
            GOODS[table]: (
                self._pick("design", goods) if table == SALES else item_code(self._random)
            ),
            "staff_id": self._pick("staff", staff),
            "agreed_delivery_location_id": self._pick("address", location),
            "agreed_delivery_date": str(
                later + timedelta(days=1) if str(later) == delivery else later
            ),
        }

    def _pick(self, table: str, other_than: int | None = None) -> int:
        return pick(self._connection, self._random, table, other_than)

    def _row(self, table: str, key: int, *columns: str) -> list[Any]:
        return row(self._connection, table, key, *columns)

    def _choice(self, choices: Sequence[str], other_than: str) -> str:
        return self._random.choice([choice for choice in choices if choice != other_than])
