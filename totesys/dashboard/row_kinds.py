"""The kinds of orders whose history people look up, and the labels of what an order refers to."""

from dashboard import formatting
from dashboard.page import RowKind
from dashboard.tables import Column

LABELS = {
    "dim_counterparty": "{counterparty_legal_name}",
    "dim_currency": "{currency_code}",
    "dim_design": "{design_name}, {file_name}",
    "dim_location": "{address_line_1}, {city}, {country}",
    "dim_staff": "{first_name} {last_name}, {department_name}",
}


def _columns(partner: str, item: str) -> list[Column]:
    return [
        Column("created_date", "Placed", formatting.day, no_wrap=True),
        Column("partner", partner),
        Column("item", item),
        Column("value", "Value", formatting.amount, is_number=True),
        Column("currency", "Currency"),
    ]


ROW_KINDS = {
    "Sales order": RowKind(
        fact="fact_sales_order",
        searched=("counterparty_id", "design_id", "sales_staff_id"),
        search_fields="number, customer, design, file or seller",
        listed="listed_sales",
        columns=_columns("Customer", "Design"),
        created="placed",
    ),
    "Purchase order": RowKind(
        fact="fact_purchase_order",
        searched=("counterparty_id", "item_code", "staff_id"),
        search_fields="number, supplier, item or buyer",
        listed="listed_purchases",
        columns=_columns("Supplier", "Item"),
        created="placed",
    ),
}
