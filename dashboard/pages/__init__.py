"""The pages in the order of the navigation: the project's, then the generic ones."""

from dashboard.page import Page, project_pages
from dashboard.pages import platform, row_history

PAGES = (
    *project_pages().pages,
    Page(row_history.title(), "history", row_history.draw),
    Page("Platform", "platform", platform.draw),
)
