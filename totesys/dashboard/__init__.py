"""The dashboard pages of the project: sales, purchases, payments and designs."""

from dashboard.page import Page, ProjectPages
from dashboard.tables import Column
from totesys.dashboard import designs, filters, orders, overview, payment_types, payments
from totesys.dashboard.filters import filtered
from totesys.dashboard.row_kinds import LABELS, ROW_KINDS

PROJECT_PAGES = ProjectPages(
    pages=(
        Page(
            "Overview",
            "overview",
            filtered("Overview", overview.draw, filters.OF_ORDERS, compares=True),
        ),
        Page("Sales", "sales", filtered("Sales", orders.sales, filters.OF_SALES, compares=True)),
        Page(
            "Purchases",
            "purchases",
            filtered("Purchases", orders.purchases, filters.OF_PURCHASES, compares=True),
        ),
        Page("Payments", "payments", filtered("Payments", payments.draw, filters.OF_PAYMENTS)),
        Page("Designs", "designs", filtered("Designs", designs.draw, filters.OF_SALES)),
    ),
    row_kinds=ROW_KINDS,
    row_noun="order",
    currency_dimension="dim_currency",
    shared_parameters=filters.SHARED,
    labels=LABELS,
    answer_columns={
        "payment_type_name": Column("payment_type_name", "Payment type", payment_types.title),
    },
)
