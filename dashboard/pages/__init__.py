"""The pages in the order of the navigation: the project's, then those of every project."""

from dashboard.page import Page, project_pages
from dashboard.pages import platform, row_history

PAGES = (
    *project_pages().pages,
    Page("An order's life", "order", row_history.draw),
    Page("The platform", "platform", platform.draw),
)
