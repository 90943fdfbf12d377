"""The secret with the source's address."""

import json
from collections.abc import Iterator

import boto3
import pytest
from aws_lambda_powertools.utilities import parameters
from pg8000.native import Connection

from ingestion_lambda.errors import SecretUnavailable
from postgres import (
    InvalidAddress,
    NotAuthenticated,
    Refused,
    connected,
    from_dsn,
    render,
    value,
)
from tests.integration.ingestion_lambda.aws.conftest import invoke

pytestmark = pytest.mark.lambda_runtime


def test_wrong_password_is_an_exception_that_does_not_reveal_it(
    secret: dict[str, object], capsys: pytest.CaptureFixture[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "password": "opensesame"})
    )
    with pytest.raises(Refused) as error:
        invoke()
    output = str(error.value) + "".join(capsys.readouterr())
    assert "opensesame" not in output
    assert str(secret["password"]) not in output


def new_password(secret: dict[str, object], source: Connection, password: str) -> None:
    """Change the password of the source's role, and the secret."""
    source.run(render("ALTER ROLE rotated PASSWORD {new}", new=value(password)))
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys",
        SecretString=json.dumps({**secret, "username": "rotated", "password": password}),
    )


@pytest.fixture
def rotating(seeded_source_dsn: str) -> Iterator[Connection]:
    """A session of the owner; the role "rotated" may read."""
    with connected(from_dsn(seeded_source_dsn), "owner") as source:
        source.run("CREATE ROLE rotated LOGIN")
        source.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO rotated")
        yield source
        source.run("DROP OWNED BY rotated; DROP ROLE rotated")


@pytest.fixture
def secret_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The secrets that were read from Secrets Manager."""
    reads: list[str] = []
    read = parameters.SecretsProvider._get

    def recording(self: parameters.SecretsProvider, name: str, **options: object) -> object:
        reads.append(name)
        return read(self, name, **options)

    monkeypatch.setattr(parameters.SecretsProvider, "_get", recording)
    return reads


@pytest.mark.usefixtures("events")
def test_warm_invocations_read_the_secret_once_and_again_after_a_password_change(
    secret: dict[str, object], rotating: Connection, secret_reads: list[str]
):
    new_password(secret, rotating, "first")
    invoke()
    invoke()
    assert secret_reads == ["totesys"]
    new_password(secret, rotating, "second")
    invoke()
    assert secret_reads == ["totesys", "totesys"]
    invoke()
    assert secret_reads == ["totesys", "totesys"]


def test_password_refused_twice_is_an_error(secret: dict[str, object], secret_reads: list[str]):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "password": "wrong"})
    )
    with pytest.raises(NotAuthenticated):
        invoke()
    assert secret_reads == ["totesys", "totesys"]


def test_missing_database_does_not_read_the_secret_again(
    secret: dict[str, object], secret_reads: list[str]
):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "dbname": "nowhere"})
    )
    with pytest.raises(Refused, match="nowhere"):
        invoke()
    assert secret_reads == ["totesys"]


@pytest.mark.usefixtures("aws")
def test_missing_secret_is_an_error_that_names_it():
    with pytest.raises(SecretUnavailable, match=r"secret totesys cannot be read.*SOURCE_SECRET"):
        invoke()


@pytest.mark.usefixtures("aws")
def test_secret_without_an_address_is_an_error_that_describes_the_form():
    boto3.client("secretsmanager").create_secret(Name="totesys", SecretString="{}")
    with pytest.raises(InvalidAddress, match="must be a JSON object with host"):
        invoke()


def test_remote_source_without_a_ca_bundle_is_refused(secret: dict[str, object]):
    boto3.client("secretsmanager").put_secret_value(
        SecretId="totesys", SecretString=json.dumps({**secret, "host": "db.example"})
    )
    with pytest.raises(InvalidAddress, match="PGSSLROOTCERT=FILE"):
        invoke()
