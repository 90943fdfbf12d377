"""What Terraform's catalog module reads: the tables, and the queries that Athena offers.

``python -m artifacts.catalog`` writes it anew after a change of the contracts.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import fill, indent
from typing import Any

import contracts
from contracts import Dimension, Fact, glue
from contracts.catalogue import HISTORY

MODULE = Path(__file__).parents[1] / "terraform" / "modules" / "catalog"
TEMPLATES = Path(__file__).parent / "queries"
KINDS = ("current", "history", "as_of")
INGESTION = "${ingestion}"  # the name of its database, which Terraform knows
PLACE = re.compile(r"(?P<indent>^ *)?\$\{(?P<name>\w+)\}", re.MULTILINE)
WIDTH = 90


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
    """The queries by name, in the SQL of Athena."""
    warehouse = contracts.warehouse()
    facts = {
        f"{fact.name}_{kind}": _rendered(kind, _parts(fact))
        for fact in warehouse.facts
        for kind in KINDS
    }
    return facts | {f"{d.name}_history": _dimension_history(d) for d in warehouse.dimensions}


def _parts(fact: Fact) -> Mapping[str, str]:
    parts = {
        "fact": fact.name,
        "tombstones": fact.tombstones,
        "of": fact.of,
        "key": fact.key,
        "columns": _listed(fact.column_names),
        "own": _listed(column.name for column in fact.columns if column not in HISTORY),
    }
    return parts | {name: _rendered(name, parts).rstrip() for name in ("versions", "valid")}


def _dimension_history(dimension: Dimension) -> str:
    batches = (
        _rendered("batches", {"ingestion": INGESTION, "table": table})
        for table in sorted(dimension.source_tables)
    )
    parts = {
        "dimension": dimension.name,
        "key": dimension.key,
        "columns": _listed(dimension.column_names),
        "batches": "union\n".join(batches).rstrip(),
    }
    return _rendered("dimension_history", parts)


def _rendered(template: str, parts: Mapping[str, str]) -> str:
    """The template with its parts, each indented as its place is."""
    text = (TEMPLATES / f"{template}.sql").read_text(encoding="utf-8")
    return PLACE.sub(lambda place: indent(parts[place["name"]], place["indent"] or ""), text)


def _listed(names: Iterable[str]) -> str:
    return fill(", ".join(names), WIDTH)


def _spelled(tables: Mapping[str, Any]) -> str:
    """JSON with a line for each column."""
    text = json.dumps(tables, indent=2, ensure_ascii=False)
    return re.sub(r'\{\s+("name": .+)\s+(.+)\s+(.+)\s+\}', r"{ \1 \2 \3 }", text) + "\n"


if __name__ == "__main__":
    write()
