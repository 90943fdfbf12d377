"""An argument names the place of a DSN or a secret, and never contains one."""

import pytest

from postgres import Address, InvalidAddress, InvalidReference, resolve

DSN = "postgresql://loader:s3cr3t@db.example:5433/stars"
SECRET = """
{"host": "db.example", "port": 5433, "dbname": "stars", "username": "loader", "password": "s3cr3t"}
"""
ADDRESS = Address("db.example", 5433, "stars", "loader", "s3cr3t")


def no_secret(name: str) -> str:
    raise AssertionError(f"the secret {name} was read")


def test_variable_contains_a_dsn() -> None:
    assert resolve("env:WAREHOUSE", {"WAREHOUSE": DSN}, no_secret) == ADDRESS


def test_dsn_without_password_takes_it_from_the_same_environment() -> None:
    environ = {"WAREHOUSE": DSN.replace(":s3cr3t", ""), "PGPASSWORD": "s3cr3t"}
    assert resolve("env:WAREHOUSE", environ, no_secret) == ADDRESS


def test_secret_is_read_by_its_name_even_with_colons() -> None:
    secrets = {"arn:aws:secretsmanager:x": SECRET}
    reference = "secretsmanager:arn:aws:secretsmanager:x"
    assert resolve(reference, {}, secrets.__getitem__) == ADDRESS


@pytest.mark.parametrize("reference", ["", "env:", "secretsmanager:", "WAREHOUSE", DSN])
def test_any_other_reference_is_refused_and_not_repeated(reference: str) -> None:
    with pytest.raises(InvalidReference, match="secretsmanager:NAME or env:VARIABLE") as refusal:
        resolve(reference, {}, no_secret)
    assert "s3cr3t" not in str(refusal.value)


def test_missing_variable_is_named() -> None:
    with pytest.raises(InvalidReference, match="no variable WAREHOUSE"):
        resolve("env:WAREHOUSE", {}, no_secret)


def test_variable_without_a_dsn_is_refused() -> None:
    with pytest.raises(InvalidAddress):
        resolve("env:WAREHOUSE", {"WAREHOUSE": "nonsense"}, no_secret)


@pytest.mark.parametrize("reference", ["env:WAREHOUSE", "secretsmanager:warehouse"])
def test_ca_bundle_of_the_argument_has_priority_over_the_environment(reference: str) -> None:
    environ = {"WAREHOUSE": DSN, "PGSSLROOTCERT": "/etc/environment.pem"}
    address = resolve(reference, environ, lambda _: SECRET, "argument.pem")
    assert address.sslrootcert == "argument.pem"
    assert resolve(reference, environ, lambda _: SECRET).sslrootcert == "/etc/environment.pem"
