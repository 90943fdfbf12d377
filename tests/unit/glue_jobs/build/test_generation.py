"""A generation continues with contracts that add to its own, and with no others."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import contracts
from contracts import Column, Dimension, Type, Warehouse
from contracts.observation import stored_columns
from contracts.shape import shape
from glue_jobs.build.generation import check_contracts
from glue_jobs.errors import ContractsChanged
from lake import InvalidLake, Lake, new_run, now
from lake.entries import BuildEntry
from tests.lake_builder import LakeBuilder

TABLES = contracts.warehouse().tables


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Return a lake with a batch, which has the mirror of every table."""
    builder = LakeBuilder(tmp_path)
    builder.insert()
    return builder.lake


def changed(table: str, column: str, **parts: Any) -> Warehouse:
    """Return the contracts of the project with another definition of a column."""
    columns = tuple(replace(c, **parts) if c.name == column else c for c in TABLES[table].columns)
    return Warehouse({**TABLES, table: replace(TABLES[table], columns=columns)})


def with_column(table: str, **parts: Any) -> Warehouse:
    """Return the contracts of the project with a column more, which has the next field id."""
    of = TABLES[table]
    added = Column("note", Type("text"), True, "", field_id=len(stored_columns(of)) + 1)
    columns = (replace(added, **parts), *of.columns)
    return Warehouse({**TABLES, table: replace(of, columns=columns)})


def without_table(name: str) -> Warehouse:
    return Warehouse({key: table for key, table in TABLES.items() if key != name})


def continued(lake: Lake, before: Warehouse, after: Warehouse) -> None:
    """Check the contracts ``after`` in a generation whose last entry was built with ``before``."""
    lake.shapes.keep(before)
    head = BuildEntry(1, new_run(), now(), {}, contracts=before.fingerprint)
    check_contracts(head, after, lake.batches, lake.shapes)


def test_generation_continues_with_a_nullable_column_more(lake: Lake) -> None:
    for table in ("dim_location", "fact_payment"):
        after = with_column(table)
        continued(lake, contracts.warehouse(), after)
        with pytest.raises(ContractsChanged, match=rf"{table}\.note is removed"):
            continued(lake, after, contracts.warehouse())


def test_generation_continues_with_a_table_whose_rows_are_still_to_come(lake: Lake) -> None:
    design = TABLES["dim_design"]
    assert isinstance(design, Dimension)
    dimension = replace(design, name="dim_carrier", of="carrier")
    continued(lake, contracts.warehouse(), Warehouse({**TABLES, "dim_carrier": dimension}))


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (
            changed("fact_payment", "payment_amount", type=Type("numeric", 12, 2)),
            r"amount is numeric\(10,2\) not null instead of numeric\(12,2\) not null",
        ),
        (
            changed("dim_location", "district", nullable=False),
            r"dim_location\.district is text instead of text not null",
        ),
        (
            changed("fact_payment", "paid", references="dim_date"),
            r"fact_payment\.paid is boolean not null instead of boolean not null to dim_date",
        ),
        (
            Warehouse({**TABLES, "dim_design": replace(TABLES["dim_design"], key="design_name")}),
            "dim_design has key design_id instead of design_name",
        ),
        (without_table("dim_design"), "dim_design is new, and earlier batches have rows of design"),
    ],
    ids=["type", "nullability", "reference", "key", "table that has landed"],
)
def test_generation_does_not_continue_with_contracts_that_do_more_than_add(
    lake: Lake, before: Warehouse, problem: str
) -> None:
    with pytest.raises(ContractsChanged, match=rf"{problem}.*rebuild --generation next"):
        continued(lake, before, contracts.warehouse())


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        (
            with_column("fact_payment", nullable=False),
            r"fact_payment\.note is new and not nullable",
        ),
        (
            with_column("fact_payment", field_id=0),
            r"payment_id has another field id: a column that was added needs field_id = \d+",
        ),
    ],
    ids=["not nullable", "without a field id"],
)
def test_generation_does_not_continue_with_a_column_that_its_files_cannot_have(
    lake: Lake, after: Warehouse, problem: str
) -> None:
    with pytest.raises(ContractsChanged, match=problem):
        continued(lake, contracts.warehouse(), after)


def test_generation_whose_contracts_no_version_recorded_does_not_continue_with_others(
    lake: Lake,
) -> None:
    head = BuildEntry(1, new_run(), now(), {}, contracts="other")
    with pytest.raises(ContractsChanged, match="did not record them"):
        check_contracts(head, contracts.warehouse(), lake.batches, lake.shapes)


def test_shape_is_kept_once_and_an_unreadable_one_is_reported(lake: Lake) -> None:
    stars = contracts.warehouse()
    lake.shapes.keep(stars)
    lake.shapes.keep(stars)
    assert lake.shapes.of(stars.fingerprint) == shape(stars)
    lake.processed.put_new("g=1/_log/contracts/x.json", b"{]")
    with pytest.raises(InvalidLake, match="is not a shape that this version can read"):
        lake.shapes.of("x")
