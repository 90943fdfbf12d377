"""Orders of the simulated source, each with its transaction and its payment."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from string import ascii_uppercase, digits

from pg8000.native import Connection

from totesys.simulator.rows import Value, insert, pick, today

SALES, PURCHASES = "sales_order", "purchase_order"
CENTS = Decimal(100)
SATURDAY = 5  # of date.weekday


@dataclass(frozen=True)
class Order:
    """An order that was placed, in the table ``sales_order`` or ``purchase_order``."""

    table: str
    order_id: int
    transaction_id: int
    payment_id: int


def place(
    connection: Connection, rng: Random, table: str, created_at: datetime | None = None
) -> Order:
    """Write an order, its transaction and its payment, all created at one moment (default: now);
    the caller's transaction commits them. A payment that was due on a weekday before today is
    paid."""
    day = created_at.date() if created_at else today(connection)
    parties: dict[str, Value] = {
        "counterparty_id": pick(connection, rng, "counterparty"),
        "currency_id": pick(connection, rng, "currency"),
    }
    due = day + timedelta(days=rng.randrange(7))
    goods, amount = _goods(connection, rng, table)
    order = _order(connection, rng, day, due)
    order_id = insert(connection, table, {**parties, **goods, **order}, created_at)
    transaction: dict[str, Value] = {
        "transaction_type": "SALE" if table == SALES else "PURCHASE",
        f"{table}_id": order_id,
    }
    transaction_id = insert(connection, "transaction", transaction, created_at)
    payment: dict[str, Value] = {
        "transaction_id": transaction_id,
        "payment_amount": str(amount),
        "payment_type_id": 1 if table == SALES else 3,
        **_payment(connection, rng, day, due),
    }
    payment_id = insert(connection, "payment", {**parties, **payment}, created_at)
    return Order(table, order_id, transaction_id, payment_id)


def _order(connection: Connection, rng: Random, day: date, due: date) -> dict[str, Value]:
    """Return the staff, the dates and the place of an order."""
    return {
        "staff_id": pick(connection, rng, "staff"),
        "agreed_delivery_date": str(day + timedelta(days=rng.randrange(7))),
        "agreed_payment_date": str(due),
        "agreed_delivery_location_id": pick(connection, rng, "address"),
    }


def _payment(connection: Connection, rng: Random, day: date, due: date) -> dict[str, Value]:
    """Return whether the payment of an order of that day is paid, its date and its accounts."""
    is_paid = day < due < today(connection) and due.weekday() < SATURDAY
    return {
        "paid": str(is_paid).lower(),
        "payment_date": str(due),
        "company_ac_number": rng.randrange(10_000_000, 100_000_000),
        "counterparty_ac_number": rng.randrange(10_000_000, 100_000_000),
    }


def _goods(connection: Connection, rng: Random, table: str) -> tuple[dict[str, Value], Decimal]:
    goods: dict[str, Value]
    if table == SALES:
        quantity, price = rng.randrange(1_001, 100_000), rng.randrange(200, 401) / CENTS
        design = pick(connection, rng, "design")
        goods = {"design_id": design, "units_sold": quantity, "unit_price": str(price)}
    else:
        quantity, price = rng.randrange(1, 1_000), rng.randrange(300, 99_900) / CENTS
        goods = {
            "item_code": item_code(rng),
            "item_quantity": quantity,
            "item_unit_price": str(price),
        }
    return goods, quantity * price


def item_code(rng: Random) -> str:
    """Return a random item code."""
    return "".join(rng.choices(ascii_uppercase + digits, k=7))
