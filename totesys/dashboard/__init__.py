"""The dashboard pages of the project: sales, purchases, payments and designs."""

from dashboard.components import Column
from dashboard.page import Page, ProjectPages
from totesys.dashboard import designs, orders, overview, payment_types, payments
from totesys.dashboard.filters import filtered
from totesys.dashboard.row_kinds import ROW_KINDS

PROJECT_PAGES = ProjectPages(
    pages=(
        Page("Overview", "overview", filtered("Overview", overview.draw)),
        Page("Sales", "sales", filtered("Sales", orders.sales)),
        Page("Purchases", "purchases", filtered("Purchases", orders.purchases)),
        Page("Payments", "payments", filtered("Payments", payments.draw)),
        Page("Designs", "designs", filtered("Designs", designs.draw)),
    ),
    row_kinds=ROW_KINDS,
    row_noun="order",
    currency_dimension="dim_currency",
    answer_columns={
        "payment_type_name": Column("payment_type_name", "Payment type", payment_types.title),
    },
)
