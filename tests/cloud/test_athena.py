"""Athena as it was applied answers from what the deployed jobs registered.

What its queries mean is tested in tests/e2e/test_athena.py; here it is whether they find the rows.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import pytest
from pg8000.native import Connection

from embedded.server import Server
from postgres import connected, from_dsn, render
from tests.athena.page import program
from tests.cloud.conftest import Stack

Run = dict[str, Any]
SECRET = {"database": "dbname", "user": "username"}
UNDER_WAY = {"STARTING", "RUNNING", "WAITING", "QUEUED"}
PATIENCE = 600  # seconds
EDIT = "update sales_order set units_sold = 100 where sales_order_id = 7"
DELETE = "delete from sales_order where sales_order_id = 9"


@dataclass(frozen=True)
class Lake:
    """The applied platform, after it has loaded a few batches into a warehouse."""

    stack: Stack
    warehouse: Connection

    def client(self, service: str) -> Any:
        return self.stack.aws.client(service)

    def saved(self) -> dict[str, dict[str, str]]:
        """The saved queries of the workgroup, by name."""
        athena = self.client("athena")
        ids = athena.list_named_queries(WorkGroup=self.stack.outputs["workgroup"])["NamedQueryIds"]
        found = athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
        return {query["Name"]: query for query in found}

    def run(self, query: str, database: str, *parameters: str) -> Run:
        """Run a query in the workgroup, and wait for its end."""
        athena = self.client("athena")
        started = athena.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": database},
            WorkGroup=self.stack.outputs["workgroup"],
            ResultConfiguration={"OutputLocation": "s3://somewhere-else/"},
            **({"ExecutionParameters": list(parameters)} if parameters else {}),
        )["QueryExecutionId"]
        return _ended(
            lambda: athena.get_query_execution(QueryExecutionId=started)["QueryExecution"],
            lambda execution: str(execution["Status"]["State"]),
        )

    def rows(self, query: str, database: str, *parameters: str) -> list[list[str | None]]:
        """What a query answers, without the names of the columns."""
        execution = self.run(query, database, *parameters)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.client("athena").get_paginator("get_query_results")
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages.paginate(QueryExecutionId=execution["QueryExecutionId"])
            for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:]

    def count(self, name: str, *parameters: str) -> int:
        """How many rows a saved query has."""
        query = self.saved()[name]
        text = query["QueryString"].replace(
            f"select * from {name}\n", f"select count(*) from {name}\n"
        )
        [[count]] = self.rows(text, query["Database"], *parameters)
        return int(str(count))


def _ended(look: Callable[[], Run], state: Callable[[Run], str]) -> Run:
    give_up = time.monotonic() + PATIENCE
    while state(found := look()) in UNDER_WAY:
        assert time.monotonic() < give_up, "it did not end"
        time.sleep(0.2)
    return found


@pytest.fixture(scope="module")
def lake(stack: Stack, server: Server, seeded_template: str) -> Iterator[Lake]:
    """Three batches of a source, by the deployed function and the deployed jobs."""
    server.create_database("athena_on_aws_source", seeded_template)
    server.create_database("athena_on_aws_warehouse")
    source, warehouse = (server.dsn(f"athena_on_aws_{name}") for name in ("source", "warehouse"))
    tell(stack, "source", source)
    for role in ("warehouse_owner", "warehouse_loader"):
        tell(stack, role, warehouse)
    rules = stack.aws.client("events")
    rules.disable_rule(Name=stack.outputs["rule"])  # jobs are started here
    with connected(from_dsn(source), "writer") as writer:
        poll(stack)
        for happening in (EDIT, DELETE):
            writer.run(happening)
            poll(stack)
    run_job(stack, stack.outputs["migrate_job"])
    for job in ("build_dimensions", "build_facts", "load_warehouse"):
        run_job(stack, stack.outputs["jobs"][job])
    with connected(from_dsn(warehouse), "reader") as reader:
        yield Lake(stack, reader)
    rules.enable_rule(Name=stack.outputs["rule"])
    for name in ("source", "warehouse"):
        server.drop_database(f"athena_on_aws_{name}")


def tell(stack: Stack, secret: str, dsn: str) -> None:
    """Put the address of a database into its secret."""
    address = asdict(from_dsn(dsn))
    told = {SECRET.get(name, name): value for name, value in address.items()}
    stack.aws.client("secretsmanager").put_secret_value(
        SecretId=stack.outputs["secrets"][secret], SecretString=json.dumps(told)
    )


def poll(stack: Stack) -> None:
    answer = stack.aws.client("lambda").invoke(FunctionName=stack.outputs["function"])
    assert "FunctionError" not in answer, answer["Payload"].read()


def run_job(stack: Stack, name: str) -> None:
    glue = stack.aws.client("glue")
    run = glue.start_job_run(JobName=name)["JobRunId"]
    ended = _ended(
        lambda: glue.get_job_run(JobName=name, RunId=run)["JobRun"],
        lambda run: str(run["JobRunState"]),
    )
    assert ended["JobRunState"] == "SUCCEEDED", ended["ErrorMessage"]


@pytest.mark.parametrize("fact", ["fact_sales_order", "fact_purchase_order", "fact_payment"])
@pytest.mark.parametrize("kind", ["current", "history"])
def test_saved_query_has_the_rows_of_the_warehouse(lake: Lake, fact: str, kind: str):
    count = render("select count(*) from warehouse.{view}", view=f"{fact}_{kind}")
    [[expected]] = lake.warehouse.run(count)
    assert expected
    assert lake.count(f"{fact}_{kind}") == expected


def test_saved_query_as_of_a_moment_takes_it_as_a_parameter(lake: Lake):
    observed = "select observed_at from etl.ledger order by batch_seq desc limit 2"
    [[last], [before]] = lake.warehouse.run(observed)
    moments = [moment + timedelta(milliseconds=2) for moment in (before, last)]
    counts = [lake.count("fact_sales_order_as_of", f"'{moment}'") for moment in moments]
    of = "select count(*) from warehouse.fact_sales_order_as_of(:moment)"
    assert counts == [lake.warehouse.run(of, moment=moment)[0][0] for moment in moments]
    assert counts[0] == counts[1] + 1


def test_saved_query_of_a_dimension_finds_the_moments_of_its_batches(lake: Lake):
    query = lake.saved()["dim_staff_history"]
    found = lake.rows(query["QueryString"], query["Database"])
    [[expected]] = lake.warehouse.run("select count(*) from warehouse.dim_staff")
    assert len(found) >= expected
    assert {str(row[-1]).lower() for row in found} >= {"true"}


def test_every_table_can_be_read_with_the_columns_that_it_declares(lake: Lake):
    glue = lake.client("glue")
    for database in lake.stack.outputs["databases"].values():
        for table in glue.get_tables(DatabaseName=database)["TableList"]:
            found = lake.rows(f"select count(*) from {table['Name']}", database)
            partitions = glue.get_partitions(DatabaseName=database, TableName=table["Name"])
            assert (found != [["0"]]) == bool(partitions["Partitions"])
            location = table["StorageDescriptor"]["Location"]
            for partition in partitions["Partitions"]:
                assert partition["StorageDescriptor"]["Location"].startswith(location)


def test_what_no_log_names_is_not_seen(lake: Lake):
    s3, bucket = lake.client("s3"), lake.stack.outputs["buckets"]["processed"]
    before = lake.count("fact_sales_order_history")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="g=1/fact_sales_order/")["Contents"]
    key = next(found["Key"] for found in listed if found["Key"].endswith(".parquet"))
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    stray = key.replace("/part-", "-of-a-run-that-crashed/part-")
    s3.put_object(Bucket=bucket, Key=stray, Body=body)
    assert lake.count("fact_sales_order_history") == before


def test_results_lie_where_the_workgroup_says_and_are_encrypted(lake: Lake):
    database = lake.stack.outputs["databases"]["processed"]
    execution = lake.run("select count(*) from dim_date", database)
    place = execution["ResultConfiguration"]["OutputLocation"]
    bucket = lake.stack.outputs["buckets"]["athena"]
    assert place.startswith(f"s3://{bucket}/results/")
    found = lake.client("s3").head_object(Bucket=bucket, Key=place.split("/", 3)[3])
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"] == lake.stack.outputs["key"]


def test_program_of_the_page_runs(lake: Lake):
    environment = os.environ | lake.stack.aws.environment()
    ran = subprocess.run(
        [sys.executable, "-c", program()],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.startswith("SUCCEEDED s3://"), ran.stderr
