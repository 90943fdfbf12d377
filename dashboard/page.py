"""A page of the dashboard, and the pages that a project adds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from contracts.project import PROJECT
from dashboard.components import Column
from dashboard.reader import Reader


@dataclass(frozen=True)
class Page:
    """A page: its title, the path of its URL, and the function that draws it."""

    title: str
    path: str
    draw: Callable[[Reader], None]


@dataclass(frozen=True)
class RowKind:
    """A kind of fact rows that the row history offers.

    ``search`` and ``recent`` name the queries that return rows by a search text and rows that
    changed recently; ``summary`` describes a row that ``search`` returned. ``search_fields`` lists
    the fields that a search looks at, and ``created`` is the verb for the first version.
    """

    fact: str
    search: str
    search_fields: str
    summary: Callable[[Mapping[str, Any]], str]
    recent: str
    created: str = "created"


@dataclass(frozen=True)
class ProjectPages:
    """The parts of the dashboard that belong to a project.

    ``pages`` come first in the navigation. ``row_kinds`` are the kinds of the row history by name,
    and ``row_noun`` is the common name of their rows. ``currency_dimension`` is the dimension that
    gives the amounts of a row their currency. ``answer_columns`` overrides how columns of the
    business questions are shown.
    """

    pages: Sequence[Page]
    row_kinds: Mapping[str, RowKind]
    row_noun: str = "row"
    currency_dimension: str = ""
    answer_columns: Mapping[str, Column] = field(default_factory=dict)


def project_pages() -> ProjectPages:
    """Return the ``PROJECT_PAGES`` of the project's package ``dashboard``."""
    return cast(ProjectPages, import_module(f"{PROJECT}.dashboard").PROJECT_PAGES)
