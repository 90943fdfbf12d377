"""A page of the dashboard, and how a project provides its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import cast

from contracts.project import PROJECT
from dashboard.reader import Reader


@dataclass(frozen=True)
class Page:
    """A page: its title, the path of its URL, and the function that draws it."""

    title: str
    path: str
    draw: Callable[[Reader], None]


@dataclass(frozen=True)
class RowKind:
    """A kind of fact row whose history people look up: its fact, and the questions that find rows
    by a search text and among recent changes."""

    fact: str
    search: str
    recent: str
    hint: str


@dataclass(frozen=True)
class ProjectPages:
    """What a project adds to the dashboard: its pages, which come first, and the kinds of rows that
    the page of a row's history offers, by the name people know them by."""

    pages: Sequence[Page]
    row_kinds: Mapping[str, RowKind] = field(default_factory=dict)


def project_pages() -> ProjectPages:
    """Return the ``PROJECT_PAGES`` of the project's package ``dashboard``."""
    return cast(ProjectPages, import_module(f"{PROJECT}.dashboard").PROJECT_PAGES)
