"""The project: the package with everything particular to one source and its warehouse.

Its folders are ``contracts/`` (source, warehouse, reference lists), ``migrations/`` (tables of the
stars), ``questions/`` (business questions) and ``dashboard/`` (pages). The engine reads them by
name and imports none of them.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable

PROJECT = "totesys"
"""Name of the package and of the source."""


def project_folder(name: str = "") -> Traversable:
    """Return the folder ``name`` of the project, such as ``contracts/source``."""
    return files(PROJECT).joinpath(name)
