"""The data dictionary: complete, and in step with the database and the contracts."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pg8000.native import Connection

import contracts
from artifacts.dictionary.__main__ import main
from artifacts.dictionary.markdown import prose
from artifacts.dictionary.page import PAGE, page
from contracts import Dimension, Fact

COMMITTED = PAGE.read_text(encoding="utf-8")
RELATIONS = """
select table_schema, table_name, column_name from information_schema.columns
where table_schema = 'warehouse'
    or table_schema = 'etl' and table_name in ('ledger', 'retry', 'warehouse')
union all
select routine_schema, routine_name, parameter_name
from information_schema.routines
join information_schema.parameters using (specific_schema, specific_name)
where routine_schema = 'warehouse' and parameter_mode = 'OUT'
"""
TABLES = """
select relname, attname, not attnotnull, format_type(atttypid, atttypmod),
    col_description(attrelid, attnum)
from pg_attribute join pg_class on pg_class.oid = attrelid
where relnamespace = 'warehouse'::regnamespace and relkind = 'r' and attnum > 0
"""
COMMENTS = """
select relname, obj_description(oid, 'pg_class') from pg_class
where relnamespace = 'warehouse'::regnamespace and relkind in ('r', 'v')
union all
select proname, obj_description(oid, 'pg_proc') from pg_proc
where pronamespace = 'warehouse'::regnamespace
"""
TYPES = {
    "integer": "int",
    "timestamp without time zone": "timestamp",
    "time without time zone": "time",
}
KIND = re.compile("_(history|current|changes|wide|as_of|as_known)$")
Cells = dict[str, list[str]]


@pytest.fixture(scope="module")
def sections() -> dict[str, list[Token]]:
    """The tokens of each section by its heading."""
    by_title: dict[str, list[Token]] = {}
    tokens = MarkdownIt("commonmark").enable("table").parse(COMMITTED)
    title = ""
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            title = token.content
            assert title not in by_title, "a link would lead to the first of the two"
            by_title[title] = []
        elif title:
            by_title[title].append(token)
    return by_title


def tables(section: list[Token]) -> list[Cells]:
    """Return the tables of a section: in each, the rows by their first cell."""
    parsed: list[list[list[str]]] = []
    for token in section:
        if token.type == "table_open":
            parsed.append([])
        elif token.type == "tr_open":
            parsed[-1].append([])
        elif token.type == "inline" and token.level > 2 and parsed:
            parsed[-1][-1].append(token.content)
    return [{name.strip("`"): cells for name, *cells in rows} for _, *rows in parsed]


def described(sections: dict[str, list[Token]], relation: str) -> set[str]:
    """Return the columns that the page describes for a relation."""
    kind = KIND.search(relation)
    if not kind:
        return set(tables(sections[relation])[0])
    own, views, *added = tables(sections[KIND.sub("", relation)])
    [[columns]] = [cells for name, cells in views.items() if re.match(rf"\[`{relation}[`(]", name)]
    names = set(re.findall(r"`(\w+)`", columns))
    assert names <= {*own, *(name for one in tables(sections[kind[1]]) for name in one)}
    names |= set(own if "those of the fact" in columns else ())
    return names.union(*(added if "those below" in columns else ()))


def test_committed_page_is_in_step(migrated: Connection) -> None:
    assert page(migrated) == COMMITTED, "run `make dictionary`"


def test_command_writes_the_page(warehouse_dsn: str, tmp_path: Path) -> None:
    main(warehouse_dsn, tmp_path / "written.md")
    assert (tmp_path / "written.md").read_text(encoding="utf-8") == COMMITTED


def test_every_relation_is_described_with_exactly_its_columns(
    migrated: Connection, sections: dict[str, list[Token]]
) -> None:
    expected: dict[str, set[str]] = {}
    for schema, relation, column in migrated.run(RELATIONS):
        name = relation if schema == "warehouse" else f"{schema}.{relation}"
        expected.setdefault(name, set()).add(column)
    assert len(expected) == 11 + 3 * 6 + 3
    assert {name: described(sections, name) for name in expected} == expected
    others = {title for title in sections if title.startswith(("fact_", "dim_", "etl."))}
    assert others <= expected.keys()


def test_comment_of_every_relation_is_in_its_section(
    migrated: Connection, sections: dict[str, list[Token]]
) -> None:
    comments = migrated.run(COMMENTS)
    assert len(comments) == 11 + 3 * 6
    for relation, about in comments:
        kind = KIND.search(relation)
        text = [token.content for token in sections[kind[1] if kind else relation]]
        assert any(prose(about) in paragraph for paragraph in text), relation
        assert not kind or any(f"`{relation}" in paragraph for paragraph in text), relation


def test_every_column_is_described_as_in_the_database(
    migrated: Connection, sections: dict[str, list[Token]]
) -> None:
    for table, column, nullable, type_, about in migrated.run(TABLES):
        cells = tables(sections[table])[0][column][:3]
        assert cells == [TYPES.get(type_, type_), "yes" if nullable else "no", prose(about)]


@pytest.mark.parametrize("table", contracts.source().tables.values(), ids=lambda table: table.name)
def test_every_table_of_the_source_is_described_with_all_its_columns(
    sections: dict[str, list[Token]], table: contracts.SourceTable
) -> None:
    [described_table] = tables(sections[table.name])
    assert described_table.keys() == set(table.column_names)
    for column in table.columns:
        expected = [str(column.type), "yes" if column.nullable else "no", prose(column.about)]
        assert described_table[column.name][:3] == expected


def linked(cell: str, table: str = "") -> set[str]:
    """Return the columns in a cell, each with its table: the linked one, or else ``table``."""
    parts = (re.fullmatch(r"(?:\[(\w+)\]\(#\w+\): )?(`.+)", part) for part in cell.split("; "))
    return {
        f"{part[1] or table}.{column}"
        for part in parts
        if part
        for column in re.findall(r"`(\w+)`", part[2])
    }


def test_origins_and_targets_of_columns_agree(
    sections: dict[str, list[Token]],
) -> None:
    warehouse, source = contracts.warehouse(), contracts.source()
    derived: list[Fact | Dimension] = [*warehouse.facts, *warehouse.dimensions]
    comes = {
        (origin, f"{table.name}.{column}")
        for table in derived
        for column, cells in tables(sections[table.name])[0].items()
        for origin in linked(cells[3], table.of)
    }
    goes = {
        (f"{table}.{column}", to)
        for table in source.tables
        for column, cells in tables(sections[table])[0].items()
        for to in linked(cells[-1])
    }
    assert comes == goes
    assert ("sales_order.staff_id", "fact_sales_order.sales_staff_id") in comes
    assert ("address.city", "dim_counterparty.counterparty_legal_city") in comes
    assert {to for _, to in comes} == {
        f"{table.name}.{column.name}"
        for table in derived
        for column in table.columns
        if column.origin
    }


def test_every_link_leads_to_a_heading(sections: dict[str, list[Token]]) -> None:
    anchors = {title.lower().replace(" ", "-").replace(".", "") for title in sections}
    assert set(re.findall(r"\]\(#([^)]+)\)", COMMITTED)) <= anchors


@pytest.mark.parametrize("fact", contracts.warehouse().facts, ids=lambda fact: fact.name)
def test_a_star_draws_its_fact_and_what_it_refers_to(
    sections: dict[str, list[Token]], fact: Fact
) -> None:
    [drawn] = [t.content for t in sections[fact.star] if t.type == "fence" and t.info == "mermaid"]
    referred = {column.references for column in fact.columns} - {""}
    assert set(re.findall(r"^    (\w+) \{$", drawn, re.M)) == {fact.name, *referred}
    assert set(re.findall(r"^    (\w+) \|\|--o\{ (\w+) ", drawn, re.M)) == {
        (name, fact.name) for name in referred
    }
    assert {c.name for c in fact.columns} <= set(re.findall(r"^        \w+ (\w+)", drawn, re.M))
