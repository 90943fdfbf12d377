"""What Terraform's catalog module reads: the tables, and the queries that Athena offers.

``python -m artifacts.catalog`` writes it anew after a change of the contracts or the questions.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artifacts.asked import asked
from artifacts.views import views
from contracts import glue

MODULE = Path(__file__).parents[1] / "terraform" / "modules" / "catalog"


def files() -> dict[str, str]:
    """The text of every generated file, by its path in the module."""
    named = {f"queries/{name}.sql": query for name, query in queries().items()}
    return {"tables.json": _spelled(glue.tables()), **named}


def write() -> None:
    """Write them, and remove the queries of before: Terraform deploys every one that is there."""
    generated = files()
    for query in (MODULE / "queries").glob("*.sql"):
        query.unlink()
    for path, text in generated.items():
        (MODULE / path).write_text(text, encoding="utf-8")


def queries() -> dict[str, str]:
    """The queries by name, in the SQL of Athena: the warehouse's views, and business questions."""
    return views() | asked()


def _spelled(tables: Mapping[str, Any]) -> str:
    """JSON with a line for each column."""
    text = json.dumps(tables, indent=2, ensure_ascii=False)
    return re.sub(r'\{\s+("name": .+)\s+(.+)\s+(.+)\s+\}', r"{ \1 \2 \3 }", text) + "\n"


if __name__ == "__main__":
    write()
