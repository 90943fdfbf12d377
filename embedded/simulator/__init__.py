"""A source that behaves like the real one, its bad habits included."""

from embedded.simulator.orders import Order
from embedded.simulator.rows import Edit, NothingToPick
from embedded.simulator.simulator import Simulator

__all__ = ["Edit", "NothingToPick", "Order", "Simulator"]
