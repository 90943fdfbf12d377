"""An app that draws one page, named by `?page=`, without navigation."""

import os

import streamlit as st

from dashboard import filters
from dashboard.reader import reading
from dashboard.settings import from_environment
from dashboard.topics import TOPICS

[topic] = [topic for topic in TOPICS if topic.path == st.query_params["page"]]
with reading(from_environment(os.environ)) as reader:
    if topic.draw:
        topic.draw(reader)
    elif topic.filtered:
        chosen = filters.chosen(reader)
        assert chosen
        topic.filtered(reader, chosen)
