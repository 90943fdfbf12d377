from pathlib import Path

import pytest

from dashboard.errors import NotConfigured
from dashboard.launch import command, environment, main
from dashboard.settings import LAKE, SCHEMA, WAREHOUSE, from_environment, stores
from embedded.platform import WAREHOUSE as LOADED

DSN = "postgresql://analyst:s3cret@localhost:5432/warehouse"


def test_launcher_tells_the_server_by_the_environment_and_by_no_argument(tmp_path: Path):
    told = environment(DSN, [str(tmp_path / "a lake")], "other", {"PGUSER": "kept"})
    assert "s3cret" not in " ".join(command("127.0.0.1", 1))
    found = from_environment(told)
    assert (found.warehouse.password, found.schema) == ("s3cret", "other")
    assert found.stores == stores([str(tmp_path / "a lake")])
    assert told["PGUSER"] == "kept"


def test_password_comes_from_the_environment_as_with_libpq():
    found = from_environment({WAREHOUSE: "postgresql://analyst@db/warehouse", "PGPASSWORD": "x"})
    assert found.warehouse.password == "x"
    assert "x" not in repr(found)
    assert (found.stores, found.lake, found.schema) == (None, None, "warehouse")


def test_warehouse_and_loads_are_told_by_one_variable():
    assert WAREHOUSE == LOADED


def test_lake_is_a_directory_or_two_addresses():
    assert stores(["/lake"]) == ("file:///lake/ingestion", "file:///lake/processed")
    two = ("s3://in", "s3://out")
    assert stores(two) == two
    assert from_environment({WAREHOUSE: DSN, LAKE: "s3://in s3://out", SCHEMA: ""}).stores == two


@pytest.mark.parametrize("places", [[], ["s3://only-one"], ["a", "b", "c"]])
def test_other_lakes_are_refused(places: list[str]):
    with pytest.raises(NotConfigured, match="s3://PROCESSED"):
        stores(places)


def test_missing_warehouse_is_told_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv(WAREHOUSE, raising=False)
    assert main([]) == 2
    assert "--warehouse DSN" in capsys.readouterr().err


def test_wrong_dsn_is_refused_without_repeating_it(capsys: pytest.CaptureFixture[str]):
    assert main(["--warehouse", "mysql://a:s3cret@b/c"]) == 2
    assert "s3cret" not in capsys.readouterr().err


def test_help_teaches(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = capsys.readouterr().out
    for word in (WAREHOUSE, LAKE, "PGPASSWORD", "grant warehouse_reader", "s3://"):
        assert word in told
