"""Versions of tables in the Data Catalog, as AWS counts, archives and refuses them.

ministack merges an update into the table, archives nothing, and counts from 1. Sources: AWS, API of
Glue, UpdateTable and GetTableVersions. The first version, the error and its text are those of AWS
in the issues apache/iceberg#8636 and floci-io/floci#1205.
"""

import time
from typing import Any

from ministack.services import glue

from tests.cloud.endpoint import actions
from tests.cloud.endpoint.actions import Refused

Request = dict[str, Any]
FIRST = "0"
STALE = "Update table failed due to concurrent modifications."
# One list of archived versions for each table: a table that is created again has none.
_archived: dict[str, list[Request]] = {}


def install() -> None:
    """Update tables as AWS does. The calls run one after another, on the event loop."""
    actions.after(glue, "_create_table", _number)
    actions.answer(glue, UpdateTable=_update, GetTableVersions=_versions)


def _number(request: Request) -> None:
    table = _table(request["DatabaseName"], request["TableInput"]["Name"])
    table["VersionId"] = FIRST
    _archived[_arn(table)] = []


def _update(request: Request) -> Request:
    """Replace the table. Raises Refused if the request names another version than the current one;
    a request that names none is never refused."""
    before = _table(request["DatabaseName"], request["TableInput"]["Name"])
    if request.get("VersionId", before["VersionId"]) != before["VersionId"]:
        raise Refused("ConcurrentModificationException", STALE)
    after = {field: before[field] for field in before if field not in _given(before)}
    after |= {"PartitionKeys": [], "Parameters": {}, "StorageDescriptor": {}}
    after |= request["TableInput"]
    after |= {"VersionId": str(int(before["VersionId"]) + 1), "UpdateTime": int(time.time())}
    glue._tables[_key(before)] = after
    if not request.get("SkipArchive", False):
        _archived[_arn(before)].append(before)
    return {}


def _given(table: Request) -> set[str]:
    """Return the fields of a table that its input gives: an update without one removes it."""
    kept = {"DatabaseName", "CatalogId", "CreateTime", "IsRegisteredWithLakeFormation"}
    return table.keys() - kept


def _versions(request: Request) -> Request:
    """Return the current version and the archived ones, the newest first."""
    table = _table(request["DatabaseName"], request["TableName"])
    versions = [table, *reversed(_archived[_arn(table)])]
    return {"TableVersions": [{"Table": one, "VersionId": one["VersionId"]} for one in versions]}


def _table(database: str, name: str) -> Request:
    found: Request | None = glue._tables.get(f"{database}/{name}")
    if found is None:
        raise Refused("EntityNotFoundException", f"Table {name} not found.")
    return found


def _key(table: Request) -> str:
    return f"{table['DatabaseName']}/{table['Name']}"


def _arn(table: Request) -> str:
    return str(glue._arn("table", _key(table)))
