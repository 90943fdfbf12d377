"""Addresses in DSNs and secrets."""

import json
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postgres import Address, InvalidAddress, from_dsn, from_secret

SECRET = {"host": "db", "port": 5432, "dbname": "stars", "username": "reader", "password": "s"}


def test_dsn_gives_every_part() -> None:
    assert from_dsn("postgresql://me:secret@db.example:6543/stars") == Address(
        "db.example", 6543, "stars", "me", "secret"
    )


def test_dsn_without_a_port_means_5432() -> None:
    assert from_dsn("postgres://me@db/stars", {}).port == 5432


def test_dsn_without_a_password_takes_it_from_the_environment() -> None:
    assert from_dsn("postgresql://me@db/stars", {"PGPASSWORD": "secret"}).password == "secret"
    assert from_dsn("postgresql://me@db/stars", {}).password is None
    assert from_dsn("postgresql://me:own@db/t", {"PGPASSWORD": "secret"}).password == "own"


@given(user=st.text(min_size=1), password=st.text(min_size=1), database=st.text(min_size=1))
def test_quoted_parts_are_decoded(user: str, password: str, database: str) -> None:
    parts = (quote(part, safe="") for part in (user, password, database))
    dsn = "postgresql://{}:{}@127.0.0.1:1/{}".format(*parts)
    assert from_dsn(dsn) == Address("127.0.0.1", 1, database, user, password)


@pytest.mark.parametrize(
    "dsn",
    [
        "",
        "stars",
        "mysql://me:secret@db/stars",
        "postgresql://me:secret@db",
        "postgresql://me:secret@/stars",
        "postgresql://:secret@db/stars",
        "postgresql://me:secret@db:port/stars",
        "postgresql://me:secret@db:65536/stars",
        "postgresql://me:sec/ret@db/stars",
        "postgresql://me:secret@[::1/stars",
        "postgresql://me:secret@[not an address]/stars",
        "postgresql://me:secret\N{CARE OF}@db/stars",
    ],
)
def test_invalid_dsn_is_refused_with_the_form_and_without_the_password(dsn: str) -> None:
    with pytest.raises(InvalidAddress, match=r"write postgresql://user") as refusal:
        from_dsn(dsn)
    assert "sec" not in str(refusal.value)
    assert refusal.value.exit_code == 2


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(InvalidAddress):
        from_dsn(f"postgresql://{text}", {})


def test_password_is_neither_in_str_nor_in_repr() -> None:
    address = from_dsn("postgresql://me:secret@db/stars")
    assert "secret" not in f"{address} {address!r}"
    assert str(address) == "me@db:5432/stars"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_local(host: str) -> None:
    assert Address(host, 1, "d", "u").is_local


@pytest.mark.parametrize("host", ["db.example", "10.0.0.1", "::2", "127.0.0.1.example", "0"])
def test_other_machines_are_remote_and_verified(host: str) -> None:
    address = Address(host, 1, "d", "u", sslrootcert="/ca bundle&.pem")
    assert not address.is_local
    assert address.authorities == "/ca bundle&.pem"


def test_remote_machine_without_a_ca_bundle_is_refused_with_the_remedy() -> None:
    address = from_dsn("postgresql://me:secret@db.example/stars", {})
    with pytest.raises(InvalidAddress, match=r"PGSSLROOTCERT=FILE.*\?sslrootcert=FILE"):
        _ = address.authorities


def test_this_machine_needs_no_ca_bundle() -> None:
    assert from_dsn("postgresql://me@localhost/d?sslrootcert=/ca.pem").authorities is None


def test_ca_bundle_is_in_the_dsn_or_in_the_environment() -> None:
    environ = {"PGSSLROOTCERT": "/environ.pem"}
    dsn = "postgresql://me@db.example/stars"
    assert from_dsn(dsn, environ).authorities == "/environ.pem"
    assert from_dsn(f"{dsn}?sslrootcert=/a+b%20c.pem", environ).authorities == "/a+b c.pem"
    assert from_dsn(f"{dsn}?sslmode=verify-full", environ).authorities == "/environ.pem"
    assert from_secret(json.dumps(SECRET), environ).authorities == "/environ.pem"


@pytest.mark.parametrize("mode", ["disable", "require", "verify-ca", ""])
def test_weaker_sslmode_is_refused(mode: str) -> None:
    with pytest.raises(InvalidAddress, match="weaker than verify-full"):
        from_dsn(f"postgresql://me@db.example/stars?sslmode={mode}")


def test_parameter_that_is_not_supported_is_refused() -> None:
    with pytest.raises(InvalidAddress, match="not supported") as refusal:
        from_dsn("postgresql://me@db.example/stars?sslcert=/hunter2")
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "encoded"),
    [("a+b", "a%2Bb"), ("a%41b", "a%2541b"), ("a?b", "a%3Fb"), ("ä/ü", "%C3%A4%2F%C3%BC"),
     ("/x", "%2Fx"), ("a#b c", "a%23b%20c")],
)  # fmt: skip
def test_name_of_a_database_is_decoded_from_a_dsn(name: str, encoded: str) -> None:
    address = from_dsn(f"postgresql://me@localhost/{encoded}")
    assert address.database == name
    if not name.endswith(("?b", "#b c")):  # these end the path of a URL
        assert from_dsn(f"postgresql://me@localhost/{name.replace('%', '%25')}").database == name


@pytest.mark.parametrize("port", [5432, "5432"], ids=["number", "text"])
def test_secret_of_rds_gives_the_address(port: int | str) -> None:
    address = from_secret(json.dumps({**SECRET, "port": port, "engine": "postgres"}))
    assert address == Address("db", 5432, "stars", "reader", "s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "[]",
        "null",
        '"hunter2"',
        json.dumps({**SECRET, "port": "hunter2"}),
        *(json.dumps({key: SECRET[key] for key in SECRET if key != gone}) for gone in SECRET),
    ],
)
def test_invalid_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidAddress, match="Secrets Manager") as refusal:
        from_secret(text)
    assert "hunter2" not in str(refusal.value)
