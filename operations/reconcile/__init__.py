"""Compares source, mirror and warehouse, row by row and value by value."""

from operations.reconcile.reconcile import NothingToReconcile, Reconciliation, reconcile
from operations.reconcile.table_comparison import TableComparison

__all__ = ["NothingToReconcile", "Reconciliation", "TableComparison", "reconcile"]
