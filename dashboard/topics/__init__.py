"""The pages, one a module, in the order of the navigation."""

from collections.abc import Callable
from dataclasses import dataclass

from dashboard.filters import Filters
from dashboard.reader import Reader
from dashboard.topics import designs, home, life, orders, payments, platform


@dataclass(frozen=True)
class Topic:
    """A page: either ``filtered``, by what is chosen in the sidebar, or drawn by itself."""

    title: str
    path: str
    filtered: Callable[[Reader, Filters], None] | None = None
    draw: Callable[[Reader], None] | None = None


TOPICS = (
    Topic("Home", "home", home.draw),
    Topic("Sales", "sales", orders.sales),
    Topic("Purchases", "purchases", orders.purchases),
    Topic("Payments", "payments", payments.draw),
    Topic("Designs", "designs", designs.draw),
    Topic("An order's life", "order", draw=life.draw),
    Topic("The platform", "platform", draw=platform.draw),
)
