"""The app that `streamlit run` starts: the navigation, and the outermost entry of each page."""

import logging
import os
from collections.abc import Callable
from importlib.resources import files

import streamlit as st

from contracts import PlatformError
from contracts.project import PROJECT
from dashboard import address, components, status_line
from dashboard.formatting import plain
from dashboard.generic_pages import PAGES
from dashboard.page import Page, shared_parameters
from dashboard.reader import reading
from dashboard.settings import from_environment

# A file of our own: Streamlit's icons, and those of menu entries, are fetched from another host.
ICON = str(files("dashboard") / "icon.svg")

logger = logging.getLogger(__name__)


def main() -> None:
    """Draw the page that the URL selects."""
    components.style()
    pages = [
        st.Page(_entry(page), title=page.title, url_path=page.path, default=page is PAGES[0])
        for page in PAGES
    ]
    # Streamlit's own navigation would drop the parameters that pages share.
    selected = st.navigation(pages, position="hidden")
    st.set_page_config(f"{selected.title} · {PROJECT} warehouse", ICON, layout="wide")
    with st.sidebar:
        for page in pages:
            st.page_link(page, query_params=address.kept(shared_parameters()))
    selected.run()


def _entry(page: Page) -> Callable[[], None]:
    """Return the function that draws the page. It shows and logs a PlatformError."""

    def run() -> None:
        components.reset_heading()
        try:
            with reading(from_environment(os.environ)) as reader:
                status_line.draw(reader)
                page.draw(reader)
        except PlatformError as error:
            logger.error("%s: %s", page.title, error)
            missing = "The rest of this page" if components.has_heading() else "This page"
            st.error(f"{missing} cannot be shown. {plain(str(error))}", icon=":material/error:")

    return run


main()
