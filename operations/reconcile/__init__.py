"""Source, mirror and warehouse compared, row by row and value by value."""

from operations.reconcile.reconcile import NothingToReconcile, Reconciled, reconcile
from operations.reconcile.table_comparison import TableComparison

__all__ = ["NothingToReconcile", "Reconciled", "TableComparison", "reconcile"]
