"""The building blocks of pages: styles, headings, and the message for an empty result."""

from html import escape
from importlib.resources import files

import streamlit as st

HAS_HEADING = "page_has_heading"

STYLE = files("dashboard") / "style.css"
DARK_PRINT = files("dashboard") / "dark_print.css"
SCRIPT = files("dashboard") / "page.js"


def style() -> None:
    """Add the styles and the script of all pages."""
    sheets = [STYLE, DARK_PRINT] if st.context.theme.type == "dark" else [STYLE]
    st.html(f"<style>{' '.join(sheet.read_text(encoding='utf-8') for sheet in sheets)}</style>")
    script = f"<script>{SCRIPT.read_text(encoding='utf-8')}</script><span hidden></span>"
    with st.container(key="script"):
        st.html(script, unsafe_allow_javascript=True)  # our own file, without data


def reset_heading() -> None:
    """Record that the page has no heading yet."""
    st.session_state[HAS_HEADING] = False


def has_heading() -> bool:
    """Return whether `heading` was drawn since the last `reset_heading`."""
    return bool(st.session_state[HAS_HEADING])


def heading(title: str, about: str) -> None:
    """Draw the title of a page, and a sentence or two about its content."""
    st.session_state[HAS_HEADING] = True
    st.title(title)
    st.markdown(about)


def no_match(message: str) -> None:
    """Draw a message in place of a result that the filters left empty."""
    st.info(f"{message} Choose a longer period or remove filters.", icon=":material/search_off:")


def region(html: str, caption: str, css_class: str = "") -> str:
    """Return the HTML in a region that scrolls by itself and can receive the keyboard focus."""
    name = escape(caption, quote=True)
    return (
        f'<div class="rows {css_class}" role="region" aria-label="{name}" tabindex="0">{html}</div>'
    )
