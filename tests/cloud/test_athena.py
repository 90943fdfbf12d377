"""The applied Athena workgroup answers by the names that the deployed jobs published.

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

from postgres import Sql, connected, from_dsn, render
from tests.athena.page import program
from tests.cloud.stacks import Databases
from tests.cloud.wired import Run, Wired, wait_until
from warehouse.questions import Question, questions

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
        """Return the number of rows of a view or of a saved query."""
        saved = self.saved().get(name)
        relation = f"({saved['QueryString']})" if saved else name
        query = render("select count(*) from {relation}", relation=Sql(relation))
        [[count]] = self.rows(query, self.views, *parameters)
        return int(str(count))

    @property
    def views(self) -> str:
        """The database of the views."""
        return str(self.wired.output("databases")["views"])


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
    started = [jobs[name] for name in ("build_dimensions", "build_facts", "load_warehouse")]
    for name in (*started, wired.output("compact_job")):
        run = wired.run_job(name)
        assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
    rules.enable_rule(Name=wired.output("rule"))
    with connected(from_dsn(databases.warehouse), "reader") as reader:
        yield Lake(wired, reader)


@pytest.mark.parametrize("fact", ["fact_sales_order", "fact_purchase_order", "fact_payment"])
@pytest.mark.parametrize("kind", ["current", "history", "changes", "wide"])
def test_view_has_the_rows_of_the_warehouse(lake: Lake, fact: str, kind: str):
    count = render("select count(*) from warehouse.{view}", view=f"{fact}_{kind}")
    [[expected]] = lake.warehouse.run(count)
    assert expected
    assert lake.count(f"{fact}_{kind}") == expected


def test_saved_query_as_of_a_time_has_a_parameter(lake: Lake):
    observed = "select observed_at from etl.ledger order by batch_seq desc limit 2"
    [[last], [before]] = lake.warehouse.run(observed)
    moments = [moment + timedelta(microseconds=1) for moment in (before, last)]
    counts = [lake.count("fact_sales_order_as_of", f"'{moment}'") for moment in moments]
    of = "select count(*) from warehouse.fact_sales_order_as_of(:moment)"
    assert counts == [lake.warehouse.run(of, moment=moment)[0][0] for moment in moments]
    assert counts[0] == counts[1] + 1


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.name)
def test_question_has_the_answer_of_the_warehouse(lake: Lake, question: Question):
    lake.warehouse.run("set search_path to warehouse")
    assert lake.count(question.name) == len(lake.warehouse.run(question.sql))


def test_dimension_has_its_rows_and_the_times_of_its_batches(lake: Lake):
    [[expected]] = lake.warehouse.run("select count(*) from warehouse.dim_staff")
    assert lake.count("dim_staff") == expected
    current = "select count(*), max(valid_from) from dim_staff_history where is_current"
    [[count, begins]] = lake.rows(current, lake.views)
    [[first]] = lake.warehouse.run("select min(observed_at) from etl.ledger")
    assert (count, begins) == (str(expected), first.isoformat(" ", "microseconds"))


def test_view_that_is_missing_is_created_again(lake: Lake):
    glue, question = lake.wired.client("glue"), "top_designs"
    glue.delete_table(DatabaseName=lake.views, Name=question)
    run = lake.wired.run_job(lake.wired.output("compact_job"))
    assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
    assert lake.count(question)


def test_results_are_encrypted_in_the_location_of_the_workgroup(lake: Lake):
    execution = lake.run("select count(*) from dim_date", lake.views)
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
