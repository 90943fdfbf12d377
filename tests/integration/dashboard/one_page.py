"""An app that draws the page in `?page=`, without navigation."""

import os

import streamlit as st

from dashboard.generic_pages import PAGES
from dashboard.reader import reading
from dashboard.settings import from_environment

[page] = [page for page in PAGES if page.path == st.query_params["page"]]
with reading(from_environment(os.environ)) as reader:
    page.draw(reader)
