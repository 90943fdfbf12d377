"""The pages in the order of the navigation: the project's, then the generic ones.

This folder must not be called ``pages``: Streamlit would read such a folder beside the app, and
tell the first visitor of each URL that the page was not found.
"""

from dashboard.generic_pages import platform, row_history, run_list
from dashboard.page import HISTORY, Page, project_pages

PAGES = (
    *project_pages().pages,
    Page(row_history.title(), HISTORY, row_history.draw),
    Page("Platform", "platform", platform.draw),
    Page("Runs", "runs", run_list.draw),
)
