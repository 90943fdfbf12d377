"""No package of the engine names the project or a table of it: tables are data."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import contracts
from contracts.project import PROJECT

ROOT = Path(__file__).parents[3]
ENGINE = (
    "artifacts", "contracts", "dashboard", "embedded", "glue_jobs", "ingestion_lambda", "lake",
    "operations", "postgres", "warehouse",
)  # fmt: skip
SUFFIXES = (".py", ".sql", ".json", ".toml")

TABLES = {*contracts.source().tables, *contracts.warehouse().tables}
WORDS = {"address", "currency", "department", "design", "payment", "staff", "transaction"}
"""Tables whose names are English words. They count only in SQL or in quotes."""

NAMES = rf"\b({'|'.join(sorted((TABLES - WORDS) | {PROJECT}, key=len, reverse=True))})"
TERMS = {"address", "transaction"}  # of the engine, too: an argument, a function
QUOTED = rf"""(?P<quote>["'])({"|".join(sorted(WORDS - TERMS))})(?P=quote)"""
SQL = rf"\b(from|join|into|update|table)\s+({'|'.join(sorted(WORDS))})\b(?!\s+(of|the|a|and|is)\b)"
PATTERN = re.compile(f"{NAMES}|{QUOTED}|{SQL}", re.IGNORECASE)

MIGRATION = {"fact_sales_order", "fact_purchase_order", "fact_payment"}
ALLOWED = {
    "contracts/project.py": {PROJECT},  # the constant
    # the command line of the project imports its simulator and its scenario
    "embedded/demo/archive_classes.py": {PROJECT},
    "embedded/demo/arrivals.py": {PROJECT},
    "embedded/demo/demo.py": {PROJECT},
    "embedded/demo/up.py": {PROJECT},
    # warehouses record the checksum of a migration, which therefore never changes
    "warehouse/migrations/0005_latest.sql": MIGRATION,
}
"""File -> the names that it may contain."""


def files() -> Iterator[str]:
    for package in ENGINE:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT).as_posix()


def names_in(text: str) -> list[tuple[int, str]]:
    found = ((match, text.count("\n", 0, match.start()) + 1) for match in PATTERN.finditer(text))
    return [(line, match[0]) for match, line in found]


@pytest.mark.parametrize("file", sorted(files()))
def test_file_of_the_engine_names_no_table(file: str):
    found = names_in((ROOT / file).read_text(encoding="utf-8"))
    wrong = [f"{file}:{line}: {name}" for line, name in found if name not in ALLOWED.get(file, ())]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "text",
    [
        f"import {PROJECT}.simulator", "etl.fact_sales_order", "dim_staff", "sales_order_id",
        "select * from design", 'tables["payment"]', "'staff'", "lock table currency",
        "TOTESYS_WAREHOUSE_DSN",
    ],
)  # fmt: skip
def test_name_of_a_table_is_found(text: str):
    assert names_in(text)


@pytest.mark.parametrize(
    "text", ["the address of the database", "in one transaction", "a table of the address"]
)
def test_english_words_are_not_names(text: str):
    assert not names_in(text)


@pytest.mark.parametrize("file", ALLOWED)
def test_every_exception_is_needed(file: str):
    assert {name for _, name in names_in((ROOT / file).read_text("utf-8"))} == ALLOWED[file]


@pytest.mark.parametrize("file", [file for file in ALLOWED if file.startswith("embedded")])
def test_the_command_line_names_the_project_only_in_imports(file: str):
    text = (ROOT / file).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if PROJECT in line]
    assert all(line.startswith(f"from {PROJECT}.") for line in lines)
