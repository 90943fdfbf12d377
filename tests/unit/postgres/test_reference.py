"""An entry's argument names the place of a DSN or a secret, and never holds one."""

import pytest

from postgres import Address, InvalidAddress, InvalidReference, resolve

DSN = "postgresql://loader:s3cr3t@db.example:5433/stars"
SECRET = """
{"host": "db.example", "port": 5433, "dbname": "stars", "username": "loader", "password": "s3cr3t"}
"""
ADDRESS = Address("db.example", 5433, "stars", "loader", "s3cr3t")


def no_secret(name: str) -> str:
    raise AssertionError(f"the secret {name} was read")


def test_a_variable_holds_a_dsn() -> None:
    assert resolve("env:WAREHOUSE", {"WAREHOUSE": DSN}, no_secret) == ADDRESS


def test_a_dsn_without_password_takes_it_from_the_same_environment() -> None:
    environ = {"WAREHOUSE": DSN.replace(":s3cr3t", ""), "PGPASSWORD": "s3cr3t"}
    assert resolve("env:WAREHOUSE", environ, no_secret) == ADDRESS


def test_a_secret_is_read_by_its_name_whatever_its_colons() -> None:
    secrets = {"arn:aws:secretsmanager:x": SECRET}
    reference = "secretsmanager:arn:aws:secretsmanager:x"
    assert resolve(reference, {}, secrets.__getitem__) == ADDRESS


@pytest.mark.parametrize("reference", ["", "env:", "secretsmanager:", "WAREHOUSE", DSN])
def test_anything_else_is_refused_and_not_repeated(reference: str) -> None:
    with pytest.raises(InvalidReference, match="secretsmanager:NAME or env:VARIABLE") as refusal:
        resolve(reference, {}, no_secret)
    assert "s3cr3t" not in str(refusal.value)


def test_a_variable_that_is_not_there_is_named() -> None:
    with pytest.raises(InvalidReference, match="no variable WAREHOUSE"):
        resolve("env:WAREHOUSE", {}, no_secret)


def test_a_variable_that_holds_no_dsn_is_refused() -> None:
    with pytest.raises(InvalidAddress):
        resolve("env:WAREHOUSE", {"WAREHOUSE": "nonsense"}, no_secret)


@pytest.mark.parametrize("reference", ["env:WAREHOUSE", "secretsmanager:warehouse"])
def test_a_bundle_that_is_given_goes_before_that_of_the_environment(reference: str) -> None:
    environ = {"WAREHOUSE": DSN, "PGSSLROOTCERT": "/etc/theirs.pem"}
    found = resolve(reference, environ, lambda _: SECRET, "ours.pem")
    assert found.sslrootcert == "ours.pem"
    assert resolve(reference, environ, lambda _: SECRET).sslrootcert == "/etc/theirs.pem"
