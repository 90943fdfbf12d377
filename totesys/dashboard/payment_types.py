"""Which kinds of payment are owed to us, and which by us."""

OWED_TO_US = frozenset({"SALES_RECEIPT", "PURCHASE_REFUND"})
OWED_BY_US = frozenset({"PURCHASE_PAYMENT", "SALES_REFUND"})
