"""The kinds of orders whose history people look up."""

from collections.abc import Mapping
from typing import Any

from dashboard import formatting
from dashboard.page import RowKind


def summary(row: Mapping[str, Any]) -> str:
    """Describe an order that a search returned, in one line."""
    value = formatting.money(row["value"], row["currency"])
    return f"{row['partner']} · {row['item']} · {value} · {formatting.day(row['created_date'])}"


ROW_KINDS = {
    "Sales order": RowKind(
        fact="fact_sales_order",
        search="search_sales",
        search_fields="number, customer or design",
        summary=summary,
        recent="recent_sales",
        created="placed",
    ),
    "Purchase order": RowKind(
        fact="fact_purchase_order",
        search="search_purchases",
        search_fields="number, supplier or item",
        summary=summary,
        recent="recent_purchases",
        created="placed",
    ),
}
