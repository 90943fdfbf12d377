"""The Data Catalog of the endpoint lets one of two writers of a table version win, as AWS does:
without this, a test of concurrent publishers shows nothing."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.cloud.local_aws import LocalAws

DATABASE = "versions_of_tables"
WRITERS = 8


@pytest.fixture
def glue(other_account: LocalAws) -> Iterator[Any]:
    """Return a client, with a new table."""
    client = other_account.client("glue")
    client.create_database(DatabaseInput={"Name": DATABASE})
    client.create_table(DatabaseName=DATABASE, TableInput=table("created"))
    yield client
    client.delete_table(DatabaseName=DATABASE, Name="sales")
    client.delete_database(Name=DATABASE)


def table(location: str, **fields: Any) -> dict[str, Any]:
    return {"Name": "sales", "Parameters": {"metadata_location": location}, **fields}


def update(glue: Any, location: str, **request: Any) -> str:
    """Return "updated", or the code of the refusal."""
    try:
        glue.update_table(DatabaseName=DATABASE, TableInput=table(location), **request)
    except ClientError as refusal:
        return str(refusal.response["Error"]["Code"])
    return "updated"


def current(glue: Any) -> tuple[str, str]:
    """Return version and location of the table."""
    found = glue.get_table(DatabaseName=DATABASE, Name="sales")["Table"]
    return found["VersionId"], found["Parameters"]["metadata_location"]


def archived(glue: Any) -> list[tuple[str, str]]:
    versions = glue.get_table_versions(DatabaseName=DATABASE, TableName="sales")["TableVersions"]
    return [
        (each["VersionId"], each["Table"]["Parameters"]["metadata_location"]) for each in versions
    ]


def test_stale_version_is_refused_and_changes_nothing(glue: Any):
    assert current(glue) == ("0", "created")
    assert update(glue, "first", VersionId="0") == "updated"
    assert update(glue, "second", VersionId="0") == "ConcurrentModificationException"
    assert current(glue) == ("1", "first")
    assert update(glue, "blind") == "updated"
    assert current(glue) == ("2", "blind")


def test_of_concurrent_writers_of_a_version_one_succeeds(glue: Any):
    for version in map(str, range(3)):
        with ThreadPoolExecutor(WRITERS) as pool:
            writing = partial(update, glue, VersionId=version)
            results = list(pool.map(writing, map(str, range(WRITERS))))
        winner = results.index("updated")
        assert results.count("ConcurrentModificationException") == WRITERS - 1
        assert current(glue) == (str(int(version) + 1), str(winner))


def test_skipped_archive_keeps_no_version(glue: Any):
    update(glue, "archives", VersionId="0")
    update(glue, "skips", VersionId="1", SkipArchive=True)
    assert archived(glue) == [("2", "skips"), ("0", "created")]


def test_update_replaces_the_table(glue: Any):
    described = table("described", Description="of a version", Owner="someone")
    glue.update_table(DatabaseName=DATABASE, TableInput=described)
    update(glue, "plain")
    found = glue.get_table(DatabaseName=DATABASE, Name="sales")["Table"]
    assert {"Description", "Owner"}.isdisjoint(found)


def test_table_that_is_missing_cannot_be_updated(glue: Any):
    input_ = {**table("missing"), "Name": "missing"}
    with pytest.raises(ClientError, match="EntityNotFoundException"):
        glue.update_table(DatabaseName=DATABASE, TableInput=input_)
