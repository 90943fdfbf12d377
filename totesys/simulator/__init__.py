"""A simulated source that behaves like the real one, its bad habits included."""

from totesys.simulator.orders import Order
from totesys.simulator.rows import Edit, NothingToPick
from totesys.simulator.simulator import Simulator

__all__ = ["Edit", "NothingToPick", "Order", "Simulator"]
