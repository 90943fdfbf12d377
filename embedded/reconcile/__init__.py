"""Source, mirror and warehouse compared, row by row and value by value."""

from embedded.reconcile.reconcile import NothingToReconcile, Reconciled, reconcile
from embedded.reconcile.tally import Tally

__all__ = ["NothingToReconcile", "Reconciled", "Tally", "reconcile"]
