from pathlib import Path

import pytest

from dashboard.errors import NotConfigured
from dashboard.launch import command, environment, main
from dashboard.settings import DEPLOYMENT, EVERY, LAKE, SCHEMA, WAREHOUSE, from_environment, stores
from embedded.platform import WAREHOUSE as WAREHOUSE_OF_LOAD
from operations.errors import InvalidQuestion

DSN = "postgresql://analyst:s3cret@localhost:5432/warehouse"


def test_launcher_passes_the_address_in_the_environment_and_not_in_arguments(tmp_path: Path):
    environ = environment(DSN, [str(tmp_path / "a lake")], "other", {"PGUSER": "kept"})
    assert "s3cret" not in " ".join(command("127.0.0.1", 1))
    settings = from_environment(environ)
    assert (settings.warehouse.password, settings.schema) == ("s3cret", "other")
    assert settings.stores == stores([str(tmp_path / "a lake")])
    assert environ["PGUSER"] == "kept"


def test_password_is_read_from_pgpassword():
    settings = from_environment({WAREHOUSE: "postgresql://analyst@db/warehouse", "PGPASSWORD": "x"})
    assert settings.warehouse.password == "x"
    assert "x" not in repr(settings)
    assert (settings.stores, settings.lake, settings.schema) == (None, None, "warehouse")


def test_interval_of_polls_and_deployment_are_passed_on():
    usual = from_environment(environment(DSN, environ={}))
    assert (usual.every, usual.deployment) == (300, None)
    environ = environment(DSN, environ={"AWS_REGION": "eu-west-2"}, every=20, deployment="t-dev")
    settings = from_environment(environ)
    assert settings.deployment
    assert (settings.every, settings.deployment.schedule) == (20, "t-dev-ingestion")
    with pytest.raises(NotConfigured, match="seconds from one poll"):
        from_environment({WAREHOUSE: DSN, EVERY: "soon"})
    with pytest.raises(InvalidQuestion, match="AWS_REGION"):
        from_environment({WAREHOUSE: DSN, DEPLOYMENT: "t-dev"})


def test_dashboard_and_load_use_the_same_variable():
    assert WAREHOUSE == WAREHOUSE_OF_LOAD


def test_lake_is_a_directory_or_two_addresses():
    assert stores(["/lake"]) == ("file:///lake/ingestion", "file:///lake/processed")
    two = ("s3://in", "s3://out")
    assert stores(two) == two
    assert from_environment({WAREHOUSE: DSN, LAKE: "s3://in s3://out", SCHEMA: ""}).stores == two


@pytest.mark.parametrize("addresses", [[], ["s3://only-one"], ["a", "b", "c"]])
def test_any_other_number_of_addresses_is_refused(addresses: list[str]):
    with pytest.raises(NotConfigured, match="s3://PROCESSED"):
        stores(addresses)


def test_missing_warehouse_is_reported_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.delenv(WAREHOUSE, raising=False)
    assert main([]) == 2
    assert "--warehouse DSN" in capsys.readouterr().err


def test_invalid_dsn_is_refused_without_repeating_it(capsys: pytest.CaptureFixture[str]):
    assert main(["--warehouse", "mysql://a:s3cret@b/c"]) == 2
    assert "s3cret" not in capsys.readouterr().err


def test_help_explains_every_variable_and_the_grant(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--help"])
    output = " ".join(capsys.readouterr().out.split())
    for term in (WAREHOUSE, LAKE, "PGPASSWORD", "grant warehouse_reader", "s3://"):
        assert term in output
