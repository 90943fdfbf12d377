"""Field ids are 1 to n in the order in which columns were added, wherever they stand."""

import shutil
from pathlib import Path

import pytest

import contracts
from contracts import ContractError, arrow, spark
from contracts.field_ids import by_field_id, field_ids
from contracts.observation import batch_columns, quarantine_columns, stored_columns

ROOT = Path(__file__).parents[3]
STAFF, DIMENSION = "source/staff.toml", "warehouse/dim_staff.toml"
MIDDLE = 'middle_name = {{ type = "{}", field_id = {}, about = "Middle name." }}\n'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "totesys" / "contracts", tmp_path / "totesys" / "contracts")
    return tmp_path / "totesys"


def add(project: Path, name: str, column: str) -> None:
    """Write the column before last_name, in the middle of the table."""
    path = project / "contracts" / name
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("last_name ", f"{column}last_name ", 1), encoding="utf-8")


def test_column_in_the_middle_of_the_table_has_the_next_id_and_the_others_keep_theirs(
    project: Path,
):
    columns = batch_columns(contracts.source().tables["staff"])
    before = field_ids(columns)
    assert sorted(before.values()) == list(range(1, len(before) + 1))
    stored = len(stored_columns(contracts.warehouse().tables["dim_staff"]))
    add(project, STAFF, MIDDLE.format("text?", len(before) + 1))
    add(project, DIMENSION, MIDDLE.format("text?", stored + 1))

    table = contracts.source(project).tables["staff"]
    assert table.column_names[1:4] == ("first_name", "middle_name", "last_name")
    assert field_ids(batch_columns(table)) == before | {"middle_name": len(before) + 1}
    assert [c.name for c in by_field_id(batch_columns(table))] == [*before, "middle_name"]
    staff = contracts.warehouse(project).tables["dim_staff"]
    assert field_ids(stored_columns(staff))["middle_name"] == stored + 1


def test_arrow_and_spark_write_the_same_ids():
    for table in contracts.source().tables.values():
        ids = field_ids(batch_columns(table))
        landed, mirror = arrow.batch_schema(table), arrow.row_schema(table)
        assert {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in landed} == ids
        assert {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in mirror}.items() <= ids.items()
        schema = spark.batch_schema(table)
        assert {f.name: f.metadata["parquet.field.id"] for f in schema} == ids


def test_reason_of_a_quarantined_row_never_takes_the_id_of_a_column(project: Path):
    table = contracts.source().tables["staff"]
    landed, held = field_ids(batch_columns(table)), field_ids(quarantine_columns(table))
    assert held == landed | {"reasons": 10_000}


@pytest.mark.parametrize(
    ("type_", "number", "expected"),
    [
        (
            "text?",
            13,
            ["columns.middle_name.field_id is 13", "the next number of this table is 14"],
        ),
        ("text?", 15, ["columns.middle_name.field_id is 15", "field_id = 14"]),
        ("text", 14, ["columns.middle_name was added later and is not nullable"]),
    ],
)
def test_wrong_id_of_an_added_column_is_refused(
    project: Path, type_: str, number: int, expected: list[str]
):
    add(project, STAFF, MIDDLE.format(type_, number))
    with pytest.raises(ContractError) as refusal:
        contracts.source(project)
    for part in ["staff.toml", "To fix:", *expected]:
        assert part in str(refusal.value)


def test_ids_of_two_added_columns_follow_each_other(project: Path):
    add(project, STAFF, MIDDLE.format("text?", 15))
    add(project, STAFF, MIDDLE.format("text?", 14).replace("middle_name", "title"))
    ids = field_ids(batch_columns(contracts.source(project).tables["staff"]))
    assert (ids["title"], ids["middle_name"]) == (14, 15)
