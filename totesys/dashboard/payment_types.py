"""The payment types of the source: which are receivables, and which are payables."""

RECEIVABLES = frozenset({"SALES_RECEIPT", "PURCHASE_REFUND"})
PAYABLES = frozenset({"PURCHASE_PAYMENT", "SALES_REFUND"})


def title(name: str) -> str:
    """Return the name as a title: ``SALES_RECEIPT`` is 'Sales receipt'."""
    return name.replace("_", " ").capitalize()
