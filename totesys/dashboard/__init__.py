"""The pages of the dashboard about sales, purchases and payments."""

from dashboard.page import Page, ProjectPages, RowKind
from totesys.dashboard import designs, home, orders, payments
from totesys.dashboard.filters import filtered

PROJECT_PAGES = ProjectPages(
    pages=(
        Page("Home", "home", filtered("Home", home.draw)),
        Page("Sales", "sales", filtered("Sales", orders.sales)),
        Page("Purchases", "purchases", filtered("Purchases", orders.purchases)),
        Page("Payments", "payments", filtered("Payments", payments.draw)),
        Page("Designs", "designs", filtered("Designs", designs.draw)),
    ),
    row_kinds={
        "Sales order": RowKind(
            "fact_sales_order", "search_sales", "recent_sales", "number, customer or design"
        ),
        "Purchase order": RowKind(
            "fact_purchase_order",
            "search_purchases",
            "recent_purchases",
            "number, supplier or item",
        ),
    },
)
