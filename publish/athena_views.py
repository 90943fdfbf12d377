"""The views of Athena: the names of the warehouse on the published tables, created by Athena."""

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from string import Template
from typing import TYPE_CHECKING, Any, cast

from lake import Lake, new_run, now
from lake.entries import ViewsEntry
from publish.errors import ViewsRefused
from publish.glue_catalog import GlueTables
from publish.retrying import until_it_succeeds
from publish.tables import published_tables

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

CREATE = "create or replace view {name} as\n{select}"
PAUSE = 0.1  # seconds between two questions about a statement
CHANGING = ""
"""The digest while views are created: a run that ends then may leave some of the earlier texts."""

PATIENCE = 120.0  # seconds for a statement, which reads no data
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass(frozen=True)
class Athena:
    """A workgroup of Athena, and the database of its views in the Data Catalog."""

    client: Any  # for Athena, of boto3
    glue: "GlueClient"
    workgroup: str
    database: str

    def views(self) -> set[str]:
        """Return the names in the database."""
        pages = self.glue.get_paginator("get_tables").paginate(DatabaseName=self.database)
        return {table["Name"] for page in pages for table in page["TableList"]}

    def run(self, statement: str) -> None:
        """Run a statement to its end. Raises ViewsRefused."""
        started = self.client.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": self.database},
            WorkGroup=self.workgroup,
        )["QueryExecutionId"]
        end = time.monotonic() + PATIENCE
        while (status := self._status(started))["State"] not in ENDED and time.monotonic() < end:
            time.sleep(PAUSE)
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason") or status["State"]
            raise _refused(f"{statement.partition(' as')[0]}: {reason}")

    def _status(self, execution: str) -> Mapping[str, Any]:
        found = self.client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]
        return cast(Mapping[str, Any], found["Status"])


def create_views(lake: Lake, tables: GlueTables, athena: Athena, selects: Mapping[str, str]) -> int:
    """Create the views that ``selects`` describes, each after those that it reads, and return
    their number: 0 if they exist and were created from the same texts.

    Published tables that do not exist are created before, without rows, and get the columns of
    their contracts. Another job may do the same meanwhile. Raises ViewsRefused or PublishFailed.
    """
    databases = tables.databases()
    statements = {
        name: CREATE.format(name=name, select=Template(select).substitute(databases))
        for name, select in selects.items()
    }
    digest = hashlib.sha256(json.dumps(statements).encode()).hexdigest()
    head = lake.views.head()
    try:
        is_same = head is not None and head.digest == digest
        is_current = is_same and athena.views() >= statements.keys()
        _create_tables(lake, tables, only_missing=is_current)
        if is_current:
            return 0
        _record(lake, CHANGING)
        for statement in statements.values():
            athena.run(statement)
    except athena.client.exceptions.ClientError as refusal:
        raise _refused(str(refusal)) from refusal
    _record(lake, digest)
    return len(statements)


def _create_tables(lake: Lake, tables: GlueTables, *, only_missing: bool) -> None:
    """Create the tables that do not exist, such as empty ones after everything was published again.
    Unless ``only_missing``, add the columns of the contracts to the others."""
    existing = tables.locations()
    for published in published_tables(lake.generation):
        if not only_missing or published.identifier not in existing:
            until_it_succeeds(published, partial(tables.table, published))


def _record(lake: Lake, digest: str) -> None:
    lake.views.commit(ViewsEntry(lake.views.head_seq() + 1, new_run(), now(), digest))


def _refused(reason: str) -> ViewsRefused:
    return ViewsRefused(
        f"Athena does not create its views: {reason}. The published tables are complete. To fix:"
        " apply Terraform, which creates the database and gives the rights, then run compact_lake."
    )
