"""The views of the warehouse as queries of Athena, rendered from templates and contracts."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import fill, indent

import contracts
from contracts import Dimension, Fact
from contracts.observation import VERSION

TEMPLATES = Path(__file__).parent / "queries"
KINDS = ("current", "history", "as_of")
INGESTION = "${ingestion}"  # the database of the source's tables, replaced by Terraform
PLACEHOLDER = re.compile(r"(?P<indent>^ *)?\$\{(?P<name>\w+)\}", re.MULTILINE)
WIDTH = 90


def views() -> dict[str, str]:
    """Return the queries by name; each ends with a ``select *`` from an expression of its name."""
    warehouse = contracts.warehouse()
    facts = {
        f"{fact.name}_{kind}": view_of(fact, kind) for fact in warehouse.facts for kind in KINDS
    }
    return facts | {f"{d.name}_history": _dimension_history(d) for d in warehouse.dimensions}


def view_of(fact: Fact, template: str, **parts: str) -> str:
    """Render a template for a fact; ``parts`` are values of this template alone."""
    return rendered(template, {**_parts(fact), **parts})


def _parts(fact: Fact) -> Mapping[str, str]:
    parts = {
        "fact": fact.name,
        "tombstones": fact.tombstones,
        "of": fact.of,
        "key": fact.key,
        "columns": listed(fact.column_names),
        "own": listed(column.name for column in fact.columns if column not in VERSION),
    }
    return parts | {name: rendered(name, parts).rstrip() for name in ("versions", "valid")}


def _dimension_history(dimension: Dimension) -> str:
    batches = (
        rendered("batches", {"ingestion": INGESTION, "table": table})
        for table in sorted(dimension.source_tables)
    )
    parts = {
        "dimension": dimension.name,
        "key": dimension.key,
        "columns": listed(dimension.column_names),
        "batches": "union\n".join(batches).rstrip(),
    }
    return rendered("dimension_history", parts)


def rendered(template: str, parts: Mapping[str, str]) -> str:
    """Render a template; a part of several lines is indented like its placeholder."""
    text = (TEMPLATES / f"{template}.sql").read_text(encoding="utf-8")
    return PLACEHOLDER.sub(lambda place: indent(parts[place["name"]], place["indent"] or ""), text)


def listed(names: Iterable[str]) -> str:
    """Join names with commas, on lines of at most WIDTH characters."""
    return fill(", ".join(names), WIDTH)
