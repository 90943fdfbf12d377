"""The app that `streamlit run` runs: navigation, and the outermost entry of every page."""

import logging
import os
from collections.abc import Callable
from importlib.resources import files

import streamlit as st

from contracts import PlatformError
from dashboard import filters, parts
from dashboard.reader import Reader, reading
from dashboard.settings import from_environment
from dashboard.topics import TOPICS, Topic

# every viewer would fetch one of Streamlit's own from elsewhere, that of a page in the menu too
ICON = str(files("dashboard") / "icon.svg")

logger = logging.getLogger(__name__)


def main() -> None:
    """Draw the page that was asked for."""
    st.html(f"<style>{parts.STYLE.read_text(encoding='utf-8')}</style>")
    pages = [
        st.Page(
            _entry(topic),
            title=topic.title,
            url_path=topic.path,
            default=topic is TOPICS[0],
        )
        for topic in TOPICS
    ]
    page = st.navigation(pages)
    st.set_page_config(f"{page.title} · totesys warehouse", ICON, layout="wide")
    page.run()


def _entry(topic: Topic) -> Callable[[], None]:
    """The page of a topic. What the platform cannot do is told in plain words, and logged."""

    def page() -> None:
        parts.begin()
        try:
            with reading(from_environment(os.environ)) as reader:
                _draw(topic, reader)
        except PlatformError as error:
            logger.error("%s: %s", topic.title, error)
            what = "The rest of this page" if parts.is_begun() else "This page"
            st.error(f"{what} cannot be shown. {error}", icon=":material/error:")

    return page


def _draw(topic: Topic, reader: Reader) -> None:
    if topic.draw:
        topic.draw(reader)
    if not topic.filtered:
        return
    chosen = filters.chosen(reader)
    if chosen:
        topic.filtered(reader, chosen)
    else:
        st.title(topic.title)
        st.info("The warehouse holds no orders yet. Once a batch is loaded, they show here.")


main()
