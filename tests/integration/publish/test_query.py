"""The published tables answer by the names of the warehouse, in DuckDB."""

import csv
import io
from pathlib import Path

import pytest

from embedded.cli import main
from tests.published import LoggedLake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A lake with three versions, one of them a tombstone, and two states of a member of staff."""
    logged = LoggedLake(tmp_path / "a [lake] of {50} %3D")
    logged.add([1, 2], staff=[7])
    logged.add([1], staff=[7, 8])
    logged.retry([3], deleted=[2])
    logged.add([4], load=False)
    return logged.root


def answer(folder: Path, capsys: pytest.CaptureFixture[str], sql: str) -> list[list[str]]:
    assert main(["query", "--lake", str(folder), "--csv", sql]) == 0
    return list(csv.reader(io.StringIO(capsys.readouterr().out)))[1:]


def test_names_of_the_warehouse_answer(folder: Path, capsys: pytest.CaptureFixture[str]):
    answers = {
        "select sales_order_id, batch_seq, is_deleted from fact_sales_order order by all": [
            ["1", "1", "False"], ["1", "2", "False"], ["2", "1", "False"], ["2", "2", "True"],
            ["3", "2", "False"],
        ],
        "select sales_order_id, units_sold from fact_sales_order_current order by all": [
            ["1", "2"], ["3", ""],
        ],
        "select version, is_current, valid_from < valid_to from fact_sales_order_history"
        " where sales_order_id = 1 order by all": [["1", "False", "True"], ["2", "True", ""]],
        "select staff_id, first_name from dim_staff order by all": [["7", "Ada 2"], ["8", "Ada 2"]],
        "select first_name, is_current from dim_staff_history where staff_id = 7 order by all": [
            ["Ada 1", "False"], ["Ada 2", "True"],
        ],
        "select count(*) from dim_design": [["0"]],
        "select sales_order_id, units_sold"
        " from fact_sales_order_as_of('2024-01-01 10:01:30') order by all": [
            ["1", "1"], ["3", ""],
        ],
        "select sales_order_id, change, new_value from fact_sales_order_changes"
        " where sales_order_id < 3 and batch_seq = 2 order by all": [
            ["1", "updated", "2"], ["2", "deleted", ""],
        ],
        "select batch_seq from etl.ledger order by all": [["1"], ["2"]],
        "select sum(orders) from top_designs": [["2"]],
    }  # fmt: skip
    assert {sql: answer(folder, capsys, sql) for sql in answers} == answers


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("drop table lake.dim_staff", "only read"),
        ("select 1; select 2", "one SELECT"),
        ("copy (select 1) to 'out.csv'", "only read"),
        ("select * from read_csv('/etc/passwd')", "query fails"),
        ("select nothing from fact_sales_order", "query fails"),
        ("selekt", "not valid SQL"),
    ],
)
def test_everything_but_one_select_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], sql: str, reason: str
):
    assert main(["query", "--lake", str(folder), sql]) == 2
    assert reason in capsys.readouterr().err
