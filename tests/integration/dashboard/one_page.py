"""An app that draws the page whose path is in the environment, without navigation."""

import os

from dashboard.generic_pages import PAGES
from dashboard.reader import reading
from dashboard.settings import from_environment

[page] = [page for page in PAGES if page.path == os.environ["PAGE"]]
with reading(from_environment(os.environ)) as reader:
    page.draw(reader)
