"""The app that `streamlit run` runs: navigation, and the outermost entry of every page."""

import logging
import os
from collections.abc import Callable
from importlib.resources import files

import streamlit as st

from contracts import PlatformError
from contracts.project import PROJECT
from dashboard import components
from dashboard.page import Page
from dashboard.pages import PAGES
from dashboard.reader import reading
from dashboard.settings import from_environment

# every viewer would fetch one of Streamlit's own from elsewhere, that of a page in the menu too
ICON = str(files("dashboard") / "icon.svg")

logger = logging.getLogger(__name__)


def main() -> None:
    """Draw the page that was asked for."""
    st.html(f"<style>{components.STYLE.read_text(encoding='utf-8')}</style>")
    pages = [
        st.Page(_entry(page), title=page.title, url_path=page.path, default=page is PAGES[0])
        for page in PAGES
    ]
    chosen = st.navigation(pages)
    st.set_page_config(f"{chosen.title} · {PROJECT} warehouse", ICON, layout="wide")
    chosen.run()


def _entry(page: Page) -> Callable[[], None]:
    """Return the function that draws the page. A PlatformError is shown to the user and logged."""

    def run() -> None:
        components.begin()
        try:
            with reading(from_environment(os.environ)) as reader:
                page.draw(reader)
        except PlatformError as error:
            logger.error("%s: %s", page.title, error)
            what = "The rest of this page" if components.is_begun() else "This page"
            st.error(f"{what} cannot be shown. {error}", icon=":material/error:")

    return run


main()
