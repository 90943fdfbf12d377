"""A page of the dashboard, and the pages that a project adds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import cast

from contracts.project import PROJECT
from dashboard import address
from dashboard.reader import Reader
from dashboard.tables import Column

HISTORY = "history"
"""The path of the page with the history of a row."""


@dataclass(frozen=True)
class Page:
    """A page: its title, the path of its URL, and the function that draws it."""

    title: str
    path: str
    draw: Callable[[Reader], None]


@dataclass(frozen=True)
class RowKind:
    """A kind of fact rows that the row history offers.

    A search looks at ``searched``, columns of the fact: texts, and references to dimensions that
    have labels; ``search_fields`` describes them. ``listed`` names the query that returns the rows
    with given keys, and ``columns`` shows them. ``created`` is the verb for the first version.
    """

    fact: str
    searched: Sequence[str]
    search_fields: str
    listed: str
    columns: Sequence[Column]
    created: str = "created"


@dataclass(frozen=True)
class ProjectPages:
    """The parts of the dashboard that belong to a project.

    ``pages`` come first in the navigation. ``row_kinds`` are the kinds of the row history by name,
    and ``row_noun`` is the common name of their rows. ``currency_dimension`` is the dimension that
    gives the amounts of a row their currency. ``answer_columns`` overrides how columns of the
    business questions are shown. ``shared_parameters`` are the parameters of the address that links
    to other pages keep. ``labels`` are the templates of the labels of members, by dimension.
    """

    pages: Sequence[Page]
    row_kinds: Mapping[str, RowKind]
    row_noun: str = "row"
    currency_dimension: str = ""
    answer_columns: Mapping[str, Column] = field(default_factory=dict)
    shared_parameters: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def project_pages() -> ProjectPages:
    """Return the ``PROJECT_PAGES`` of the project's package ``dashboard``."""
    return cast(ProjectPages, import_module(f"{PROJECT}.dashboard").PROJECT_PAGES)


def shared_parameters() -> list[str]:
    """Return the parameters of the address that every link within the dashboard keeps."""
    return [*project_pages().shared_parameters, "refresh"]


def row_link(kind: str, key: int) -> str:
    """Return the URL of the history of a row, relative to that of any page."""
    parameters = {"kind": kind, project_pages().row_noun: str(key)}
    return address.link(HISTORY, shared_parameters(), **parameters)
