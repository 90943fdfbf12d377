"""How the source places an order: the order, its transaction and its payment."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from random import Random
from string import ascii_uppercase, digits

from pg8000.native import Connection

from totesys.simulator.rows import Value, inserted, picked, today

SALES, PURCHASES = "sales_order", "purchase_order"
CENTS = Decimal(100)


@dataclass(frozen=True)
class Order:
    """An order that was placed, in the table ``sales_order`` or ``purchase_order``."""

    table: str
    order_id: int
    transaction_id: int
    payment_id: int


def place(connection: Connection, dice: Random, table: str) -> Order:
    """Write an order, its transaction and its payment; the caller's transaction commits them."""
    day = today(connection)
    parties: dict[str, Value] = {
        "counterparty_id": picked(connection, dice, "counterparty"),
        "currency_id": picked(connection, dice, "currency"),
    }
    payment_date = str(day + timedelta(days=dice.randrange(7)))
    goods, amount = _goods(connection, dice, table)
    order_id = inserted(
        connection,
        table,
        {
            **parties,
            **goods,
            "staff_id": picked(connection, dice, "staff"),
            "agreed_delivery_date": str(day + timedelta(days=dice.randrange(7))),
            "agreed_payment_date": payment_date,
            "agreed_delivery_location_id": picked(connection, dice, "address"),
        },
    )
    kind = "SALE" if table == SALES else "PURCHASE"
    transaction_id = inserted(
        connection, "transaction", {"transaction_type": kind, f"{table}_id": order_id}
    )
    payment_id = inserted(
        connection,
        "payment",
        {
            **parties,
            "transaction_id": transaction_id,
            "payment_amount": str(amount),
            "payment_type_id": 1 if table == SALES else 3,
            "paid": "false",
            "payment_date": payment_date,
            "company_ac_number": dice.randrange(10_000_000, 100_000_000),
            "counterparty_ac_number": dice.randrange(10_000_000, 100_000_000),
        },
    )
    return Order(table, order_id, transaction_id, payment_id)


def _goods(connection: Connection, dice: Random, table: str) -> tuple[dict[str, Value], Decimal]:
    goods: dict[str, Value]
    if table == SALES:
        quantity, price = dice.randrange(1_001, 100_000), dice.randrange(200, 401) / CENTS
        design = picked(connection, dice, "design")
        goods = {"design_id": design, "units_sold": quantity, "unit_price": str(price)}
    else:
        quantity, price = dice.randrange(1, 1_000), dice.randrange(300, 99_900) / CENTS
        goods = {
            "item_code": item_code(dice),
            "item_quantity": quantity,
            "item_unit_price": str(price),
        }
    return goods, quantity * price


def item_code(dice: Random) -> str:
    """A code of something that is bought."""
    return "".join(dice.choices(ascii_uppercase + digits, k=7))
