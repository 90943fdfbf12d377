"""The names of the lake answer as the warehouse does, in Athena and on one machine, and so do the
examples of docs/athena.md."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from pg8000.native import Connection
from pyspark.sql import SparkSession

import contracts
from artifacts.athena import saved_queries
from contracts import Dimension, Fact
from embedded.lake_query import names_of_the_warehouse
from embedded.platform import Platform
from embedded.server import Server
from glue_jobs.transform import conversions
from postgres import Sql, connected, from_dsn, names, render, value
from tests.athena.catalog import INGESTION, VIEWS, athena
from tests.athena.engine import Answer, Athena
from tests.athena.page import examples
from tests.pages import Page
from warehouse.columns import view_columns
from warehouse.lake_views import question_views
from warehouse.questions import Question, questions

EDITED, DELETED, REPLACED, TOMBSTONE, RETRIED = 7, 9, 10, 11, 12
CHANGES = [
    "update sales_order set units_sold = 100, agreed_delivery_date = current_date::text"
    " where sales_order_id = 7",
    "update staff set department_id = department_id % 8 + 1 where staff_id = 2",
    "update sales_order set unit_price = 2.50 where sales_order_id = 7;"
    " create table kept as select * from sales_order where sales_order_id = 10;"
    " delete from sales_order where sales_order_id in (9, 10)",
    "update sales_order set unit_price = 'NaN' where sales_order_id = 11;"
    " update sales_order set agreed_payment_date = '18/11/2024' where sales_order_id = 12;"
    " insert into sales_order select * from kept",
    "delete from sales_order where sales_order_id = 11;"
    " update payment set paid = not paid where payment_id <= 5",
    "update department set location = 'Leeds' where department_name = 'Facilities';"
    " update purchase_order set item_quantity = 1 where purchase_order_id = 1;"
    " create table late as select * from purchase_order where purchase_order_id = 1;"
    " update late set purchase_order_id = 1000; insert into purchase_order select * from late",
]
COUNTS = "select batch_seq, op, count(*) from {table} group by batch_seq, op"
MOVED = 2  # a member of staff
DAY = "2026-11-23"  # in the examples
A_LITTLE = timedelta(milliseconds=2)
DIMENSIONS = contracts.warehouse().dimensions
FACTS = contracts.warehouse().facts


class Lakehouse(NamedTuple):
    """The same lake behind Athena and behind the warehouse."""

    platform: Platform
    athena: Athena
    warehouse: Connection

    def query(self, name: str, *parameters: str) -> Answer:
        """Return the answer of a saved query, or the rows of a view."""
        query = saved_queries().get(name) or render("select * from {view}", view=name)
        return self.athena.run(query, VIEWS, parameters)

    def moments(self) -> list[datetime]:
        """Return a moment before all batches, and one after each."""
        observed = [batch.observed_at for batch in self.platform.lake.batches.after(0)]
        return [datetime(2024, 11, 14, 12)] + [at + A_LITTLE for at in observed]


@pytest.fixture(scope="module")
def lakehouse(
    server: Server,
    seeded_template: str,
    spark: SparkSession,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Lakehouse]:
    """A lake with edits, deletions, a row that stays in quarantine and one that was retried."""
    server.create_database("athena_source", seeded_template)
    server.create_database("athena_warehouse")
    source, warehouse = server.dsn("athena_source"), server.dsn("athena_warehouse")
    folder = tmp_path_factory.mktemp("athena") / "lake"
    platform = Platform(folder, source, warehouse, spark=lambda: spark)
    with (
        connected(from_dsn(source), "writer") as writer,
        connected(from_dsn(warehouse), "reader") as reader,
        pytest.MonkeyPatch.context() as patch,
    ):
        platform.cycle()
        for change in CHANGES:
            writer.run(change)
            platform.cycle()
        known = conversions.CONVERSIONS["text", "date"]
        english = "regexp_replace({0}, '^(..)/(..)/(....)$', '$3-$2-$1')"
        corrected = f"coalesce({known}, try_cast({english} as date))"
        patch.setitem(conversions.CONVERSIONS, ("text", "date"), corrected)
        platform.transform(retry_quarantined=True)
        platform.load()
        with athena(platform.lake) as engine:
            yield Lakehouse(platform, engine, reader)
    server.drop_database("athena_source")
    server.drop_database("athena_warehouse")


def expected_rows(
    warehouse: Connection, source: str, columns: Iterable[str], **parameters: Any
) -> Any:
    """Return rows of the warehouse as Athena shows them: times of day are text."""
    text = render(
        "select {columns} from warehouse.{source}", columns=names(columns), source=Sql(source)
    )
    rows = warehouse.run(text, **parameters)
    return sorted(([_shown(value) for value in row] for row in rows), key=repr)


def _shown(value: Any) -> Any:
    return value.isoformat("microseconds") if isinstance(value, time) else value


def rows(answer: Answer) -> list[list[Any]]:
    return sorted((list(row) for row in answer.rows), key=repr)


VALIDITY = ("version", "valid_from", "valid_to", "is_current")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_current_rows_are_those_of_the_warehouse(lakehouse: Lakehouse, fact: Fact):
    answer = lakehouse.query(f"{fact.name}_current")
    assert answer.columns == list(fact.column_names)
    assert len(answer.rows) > 10
    assert rows(answer) == expected_rows(
        lakehouse.warehouse, f"{fact.name}_current", fact.column_names
    )


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_history_is_that_of_the_warehouse(lakehouse: Lakehouse, fact: Fact):
    answer = lakehouse.query(f"{fact.name}_history")
    expected = [*fact.column_names, *VALIDITY]
    assert answer.columns == expected
    assert rows(answer) == expected_rows(lakehouse.warehouse, f"{fact.name}_history", expected)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.name)
def test_rows_as_of_every_moment_are_those_of_the_warehouse(lakehouse: Lakehouse, fact: Fact):
    answers = set()
    for moment in lakehouse.moments():
        answer = lakehouse.query(f"{fact.name}_as_of", f"'{moment}'")
        source = f"{fact.name}_as_of(:moment)"
        assert rows(answer) == expected_rows(
            lakehouse.warehouse, source, fact.column_names, moment=moment
        )
        answers.add(repr(rows(answer)))
    assert len(answers) > 1


def test_published_tables_answer_as_the_warehouse_does_to_the_microsecond(lakehouse: Lakehouse):
    lake = lakehouse.platform.lake
    answers = {f"{fact.name}_history": [*fact.column_names, *VALIDITY] for fact in FACTS}
    answers |= {f"{fact.name}_current": list(fact.column_names) for fact in FACTS}
    tables = contracts.warehouse().tables.values()
    answers |= {table.name: list(table.column_names) for table in tables}
    for kind in ("changes", "wide"):
        described = {fact: view_columns(fact, kind, contracts.warehouse()) for fact in FACTS}
        answers |= {
            f"{fact.name}_{kind}": [c.name for c in columns if c.name != fact.record]
            for fact, columns in described.items()
        }
    lakehouse.warehouse.run("set search_path to warehouse")
    with names_of_the_warehouse(lake) as database:
        for name, columns in answers.items():
            text = render("select {columns} from {name}", columns=names(columns), name=name)
            expected = lakehouse.warehouse.run(text)
            found = map(list, database.sql(text).fetchall())
            assert sorted(found, key=repr) == sorted(expected, key=repr), name
            assert expected
        for fact in FACTS:
            for moment in lakehouse.moments():
                text = render(
                    "select {columns} from {name}({moment})",
                    columns=names(fact.column_names),
                    name=f"{fact.name}_as_of",
                    moment=value(str(moment)),
                )
                expected = lakehouse.warehouse.run(text)
                found = map(list, database.sql(text).fetchall())
                assert sorted(found, key=repr) == sorted(expected, key=repr), moment


def test_published_tables_answer_every_question_as_the_warehouse_does(lakehouse: Lakehouse):
    lake = lakehouse.platform.lake
    lakehouse.warehouse.run("set search_path to warehouse")
    with names_of_the_warehouse(lake, " ".join(question_views())) as database:
        for name, question in question_views().items():
            expected = lakehouse.warehouse.run(question)
            found = database.sql(render("select * from {view}", view=name)).fetchall()
            assert [_plain(row) for row in found] == [_plain(row) for row in expected], name
            assert found


def test_the_lake_has_every_kind_of_version(lakehouse: Lakehouse):
    history = lakehouse.query("fact_sales_order_history")
    named = ("sales_order_id", "version", "batch_seq", "is_deleted")
    places = [history.columns.index(name) for name in named]
    versions = {tuple(row[place] for place in places) for row in history.rows}
    expected = {
        (EDITED, 1, 1, False), (EDITED, 2, 2, False), (EDITED, 3, 4, False),
        (DELETED, 1, 1, False), (DELETED, 2, 4, True),
        (REPLACED, 1, 1, False), (REPLACED, 2, 4, True), (REPLACED, 3, 5, False),
        (TOMBSTONE, 1, 1, False), (TOMBSTONE, 2, 6, True),
        (RETRIED, 1, 1, False), (RETRIED, 2, 5, False),
    }  # fmt: skip
    assert {version for version in versions if version[0] in range(EDITED, RETRIED + 1)} >= expected
    lake = lakehouse.platform.lake
    assert [seq for seq in range(1, 8) if lake.facts.entry(seq).tombstones] == [6]
    assert lake.retries.head_seq() == 1


@pytest.mark.parametrize("dimension", DIMENSIONS, ids=lambda dimension: dimension.name)
def test_latest_rows_of_a_dimension_are_those_of_the_warehouse(
    lakehouse: Lakehouse, dimension: Dimension
):
    latest, history = (lakehouse.query(f"{dimension.name}{end}") for end in ("", "_history"))
    columns = list(dimension.column_names)
    added = ["batch_seq", "change_seq", "valid_from", "valid_to", "is_current"]
    assert history.columns == [*columns, *added]
    assert latest.columns == columns
    assert {row[: len(columns)] for row in history.rows if row[-1]} == {*latest.rows}
    assert rows(latest) == expected_rows(lakehouse.warehouse, dimension.name, columns)


def test_changes_of_a_dimension_are_valid_from_their_observation(lakehouse: Lakehouse):
    answer = lakehouse.query("dim_staff_history")
    observed = {b.seq: b.observed_at for b in lakehouse.platform.lake.batches.after(0)}
    moved = sorted(row[-5:] for row in answer.rows if row[0] == MOVED)
    assert moved == [
        (1, 0, observed[1], observed[3], False),
        (3, 0, observed[3], observed[7], False),
        (7, 0, observed[7], None, True),
    ]


def test_every_landed_row_is_visible(lakehouse: Lakehouse):
    for name in contracts.source().tables:
        answer = lakehouse.athena.run(render(COUNTS, table=name), INGESTION)
        assert sorted(answer.rows) == sorted(
            (batch.seq, op, count)
            for batch in lakehouse.platform.lake.batches.after(0)
            for op, count in batch.counts.get(name, {}).items()
            if count
        )


def test_query_for_an_erasure_names_every_object_about_a_person(lakehouse: Lakehouse):
    [query] = Page("privacy.md").blocks("sql", "### Find the objects of the lake")
    answer = lakehouse.athena.run(query.replace("totesys_dev_", "test_"), VIEWS)
    lake = lakehouse.platform.lake
    batches = [batch.tables.get("staff") for batch in lake.batches.after(0)]
    dimensions = [lake.dimensions.entry(seq).tables.get("dim_staff") for seq in range(1, 8)]
    landed = [lake.ingestion.uri(changes.file.key) for changes in batches if changes]
    built = [lake.processed.uri(file) for d in dimensions if d for file in d.files]
    found = {row[0] for row in answer.rows}
    assert found == {urlsplit(address).path for address in landed + built}
    assert len(landed) == 2


ANSWERED = [question for question in questions().values() if not question.not_in_athena]


@pytest.mark.parametrize("question", ANSWERED, ids=lambda question: question.name)
def test_question_has_the_answer_of_the_warehouse(lakehouse: Lakehouse, question: Question):
    lakehouse.warehouse.run("set search_path to warehouse")
    expected = lakehouse.warehouse.run(question.sql)
    answer = lakehouse.query(question.name)
    assert answer.columns == [column["name"] for column in lakehouse.warehouse.columns]
    assert answer.rows
    assert [_plain(row) for row in answer.rows] == [_plain(row) for row in expected]


def _plain(row: Iterable[Any]) -> list[Any]:
    """Return a row in common types: a fraction can be binary."""
    return [_plain_value(value) for value in row]


def _plain_value(value: Any) -> Any:
    match value:
        case bool() | None:
            return value
        case float() | Decimal():
            return Decimal(str(value)).quantize(Decimal("0.01"))
    return value


EXAMPLES = examples()


@pytest.fixture
def answered(lakehouse: Lakehouse) -> Callable[[str], Answer]:
    """A function that runs an example with a day and a moment of this lake."""
    observed = [batch.observed_at for batch in lakehouse.platform.lake.batches.after(0)]
    if observed[0].date() != observed[-1].date():
        pytest.skip("the examples need all batches on one day, and midnight fell between them")

    def answered(heading: str) -> Answer:
        question = EXAMPLES[heading].question.replace("totesys_dev_", "test_")
        return lakehouse.athena.run(at_a_moment(question, observed), VIEWS)

    return answered


def at_a_moment(question: str, observed: Sequence[datetime]) -> str:
    """Return the question with the day of this lake, and a moment after its second batch."""
    question = question.replace(f"{DAY} 12:00:00", str(observed[1] + A_LITTLE))
    return question.replace(DAY, str(observed[0].date()))


@pytest.mark.parametrize("heading", EXAMPLES)
def test_example_has_the_answer_of_the_page(answered: Callable[[str], Answer], heading: str):
    answer = answered(heading)
    cells = [answer.columns, *([_cell(value) for value in row] for row in answer.rows)]
    assert cells == EXAMPLES[heading].answer


@pytest.mark.parametrize("heading", [name for name, each in EXAMPLES.items() if each.is_of_a_fact])
def test_example_has_the_answer_of_the_warehouse(
    lakehouse: Lakehouse, answered: Callable[[str], Answer], heading: str
):
    observed = [batch.observed_at for batch in lakehouse.platform.lake.batches.after(0)]
    question = at_a_moment(EXAMPLES[heading].question, observed)
    lakehouse.warehouse.run("set search_path to warehouse")
    found = [list(row) for row in answered(heading).rows]
    assert found == lakehouse.warehouse.run(question)


def test_example_of_a_dimension_has_the_answer_of_the_warehouse(
    lakehouse: Lakehouse, answered: Callable[[str], Answer]
):
    lakehouse.warehouse.run("set search_path to warehouse")
    members = """
        select department_name, count(*) from dim_staff group by department_name
        order by department_name collate "C"
    """
    now = [list(row) for row in answered("The current state of a dimension").rows]
    assert now == lakehouse.warehouse.run(members)
    member = "select department_name, location from dim_staff where staff_id = :key"
    *_, last = answered("The history of a dimension").rows
    assert [list(last[1:3])] == lakehouse.warehouse.run(member, key=MOVED)


def _cell(value: Any) -> str:
    """Format a value as Athena prints it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
    return str(value)
