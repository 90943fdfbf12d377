"""The applied Athena workgroup reads the partitions that the deployed jobs registered.

tests/e2e/test_athena.py tests the meaning of the queries; these tests compare numbers of rows.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from pg8000.native import Connection

from postgres import connected, from_dsn, render
from tests.athena.page import Example, program
from tests.cloud.stacks import Databases
from tests.cloud.wired import Run, Wired, wait_until
from warehouse.questions import Question, questions

COUNT = "select count(*) from {table}"
ASKED = [question for question in questions().values() if not question.not_in_athena]
UNDER_WAY = {"QUEUED", "RUNNING"}
EDIT = "update sales_order set units_sold = units_sold + 1 where sales_order_id = 1"
DELETE = (
    "delete from sales_order where sales_order_id = (select max(sales_order_id) from sales_order)"
)


@dataclass(frozen=True)
class Lake:
    """The applied platform with a few loaded batches."""

    wired: Wired
    warehouse: Connection

    def saved(self) -> dict[str, dict[str, str]]:
        """Return the saved queries of the workgroup by name."""
        athena = self.wired.client("athena")
        ids = athena.list_named_queries(WorkGroup=self.wired.output("workgroup"))["NamedQueryIds"]
        found = athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
        return {query["Name"]: query for query in found}

    def run(self, query: str, database: str, *parameters: str) -> Run:
        """Run a query in the workgroup to its end."""
        athena = self.wired.client("athena")
        started = athena.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": database},
            WorkGroup=self.wired.output("workgroup"),
            ResultConfiguration={"OutputLocation": "s3://somewhere-else/"},
            **({"ExecutionParameters": list(parameters)} if parameters else {}),
        )["QueryExecutionId"]

        def execution() -> Run:
            found: Run = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
            return found

        wait_until(lambda: execution()["Status"]["State"] not in UNDER_WAY)
        return execution()

    def rows(self, query: str, database: str, *parameters: str) -> list[list[str | None]]:
        """Return the rows of a query, without the names of the columns."""
        execution = self.run(query, database, *parameters)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.wired.client("athena").get_paginator("get_query_results")
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]]
            for page in pages.paginate(QueryExecutionId=execution["QueryExecutionId"])
            for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:]

    def count(self, name: str, *parameters: str) -> int:
        """Return the number of rows of a saved query."""
        saved = self.saved()
        queries = {each: query["QueryString"] for each, query in saved.items()}
        query = Example(name, render(COUNT, table=name), []).query(queries)
        [[count]] = self.rows(query, saved[name]["Database"], *parameters)
        return int(str(count))


@pytest.fixture(scope="module")
def lake(wired: Wired, databases: Databases, migrated: Run) -> Iterator[Lake]:
    """Edit and delete an order, poll with the deployed function, and run the deployed jobs."""
    assert migrated["JobRunState"] == "SUCCEEDED", migrated["ErrorMessage"]
    rules = wired.client("events")
    rules.disable_rule(Name=wired.output("rule"))  # the jobs are started below
    with connected(from_dsn(databases.source), "writer") as source:
        wired.poll()
        for change in (EDIT, DELETE):
            source.run(change)
            wired.poll()
    jobs = wired.output("jobs")
    for name in ("build_dimensions", "build_facts", "load_warehouse"):
        run = wired.run_job(jobs[name])
        assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
    rules.enable_rule(Name=wired.output("rule"))
    with connected(from_dsn(databases.warehouse), "reader") as reader:
        yield Lake(wired, reader)


@pytest.mark.parametrize("fact", ["fact_sales_order", "fact_purchase_order", "fact_payment"])
@pytest.mark.parametrize("kind", ["current", "history"])
def test_saved_query_has_the_rows_of_the_warehouse(lake: Lake, fact: str, kind: str):
    count = render("select count(*) from warehouse.{view}", view=f"{fact}_{kind}")
    [[expected]] = lake.warehouse.run(count)
    assert expected
    assert lake.count(f"{fact}_{kind}") == expected


def test_saved_query_as_of_a_time_has_a_parameter(lake: Lake):
    observed = "select observed_at from etl.ledger order by batch_seq desc limit 2"
    [[last], [before]] = lake.warehouse.run(observed)
    moments = [moment + timedelta(milliseconds=2) for moment in (before, last)]
    counts = [lake.count("fact_sales_order_as_of", f"'{moment}'") for moment in moments]
    of = "select count(*) from warehouse.fact_sales_order_as_of(:moment)"
    assert counts == [lake.warehouse.run(of, moment=moment)[0][0] for moment in moments]
    assert counts[0] == counts[1] + 1


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.name)
def test_saved_question_has_the_number_of_rows_of_the_warehouse(lake: Lake, question: Question):
    lake.warehouse.run("set search_path to warehouse")
    saved = lake.saved()[question.name]
    found = lake.rows(saved["QueryString"], saved["Database"])
    assert len(found) == len(lake.warehouse.run(question.sql))


def test_saved_query_of_a_dimension_has_the_times_of_its_batches(lake: Lake):
    query = lake.saved()["dim_staff_history"]
    found = lake.rows(query["QueryString"], query["Database"])
    [[expected]] = lake.warehouse.run("select count(*) from warehouse.dim_staff")
    assert len(found) >= expected
    assert {str(row[-1]).lower() for row in found} >= {"true"}


def test_every_table_is_readable_with_its_declared_columns(lake: Lake):
    glue = lake.wired.client("glue")
    for database in lake.wired.output("databases").values():
        for table in glue.get_tables(DatabaseName=database)["TableList"]:
            found = lake.rows(render(COUNT, table=table["Name"]), database)
            partitions = glue.get_partitions(DatabaseName=database, TableName=table["Name"])
            assert (found != [["0"]]) == bool(partitions["Partitions"])
            location = table["StorageDescriptor"]["Location"]
            for partition in partitions["Partitions"]:
                assert partition["StorageDescriptor"]["Location"].startswith(location)


def test_uncommitted_files_are_not_read(lake: Lake):
    s3, bucket = lake.wired.client("s3"), lake.wired.output("buckets")["processed"]
    before = lake.count("fact_sales_order_history")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="g=1/fact_sales_order/")["Contents"]
    key = next(found["Key"] for found in listed if found["Key"].endswith(".parquet"))
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    stray = key.replace("/part-", "-of-a-run-that-crashed/part-")
    s3.put_object(Bucket=bucket, Key=stray, Body=body)
    assert lake.count("fact_sales_order_history") == before


def test_results_are_encrypted_in_the_location_of_the_workgroup(lake: Lake):
    database = lake.wired.output("databases")["processed"]
    execution = lake.run("select count(*) from dim_date", database)
    place = execution["ResultConfiguration"]["OutputLocation"]
    bucket = lake.wired.output("buckets")["athena"]
    assert place.startswith(f"s3://{bucket}/results/")
    found = lake.wired.client("s3").head_object(Bucket=bucket, Key=place.split("/", 3)[3])
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"] == lake.wired.output("key")


def test_program_of_the_page_runs(lake: Lake):
    environment = os.environ | lake.wired.stack.aws.environment()
    ran = subprocess.run(
        [sys.executable, "-c", program()],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.startswith("SUCCEEDED s3://"), ran.stderr
