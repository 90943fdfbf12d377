"""Help texts and tables hold on a terminal of 80 columns: no line is longer, no value is cut."""

from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from artifacts import command as artifacts
from dashboard import launch as dashboard
from embedded import usage as embedded
from embedded.demo.arrivals import Arrival, arrivals_table, history_table
from lake import now
from lake.attempts import Attempt
from lake.entries import Batch, Changes, File, Position
from operations import usage as operations
from operations.alarms import Facts, alarms
from operations.health import Health
from operations.last_attempts import LastAttempts
from operations.quarantined_rows import QuarantinedRows
from operations.reconcile import Reconciliation, TableComparison
from operations.reconcile.screen import show_reconciliation
from operations.services import Run, Schedule, Services
from operations.status import Status
from operations.terminal import show_status
from operations.warehouse_state import WarehouseState
from totesys.demo.order_history import RowHistory, Version
from warehouse import command as warehouse

WIDTH = 80
PARSERS = {
    "artifacts": artifacts._parser,
    "dashboard": dashboard.parser,
    "embedded": embedded.parser,
    "operations": operations.parser,
    "warehouse": warehouse._parser,
}


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))


def check(text: str) -> str:
    """Return the words of a screen, after checking its width."""
    assert too_long(text) == []
    assert "…" not in text
    return " ".join(text.split())


def too_long(text: str) -> list[str]:
    return [line for line in text.splitlines() if len(line) > WIDTH]


def with_commands(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            yield from action.choices.values()


@pytest.mark.parametrize("program", PARSERS)
def test_help_of_every_command_holds(program: str):
    for parser in with_commands(PARSERS[program]()):
        assert too_long(parser.format_help()) == []


def printed(table: RenderableType) -> str:
    console = Console(width=WIDTH)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


def test_tables_of_the_demo_hold():
    changes = {"purchase_order": {"I": 1, "U": 23}, "counterparty": {"D": 1}}
    columns = "sales_order 136: agreed_delivery_date = 2027-01-08, design_id = 18"
    rows = {"fact_purchase_order": 24, "dim_counterparty": 1}
    arrival = Arrival("the payments due on a day are paid", columns, changes, rows, 12.3)
    assert "purchase_order 23 changed" in check(printed(arrivals_table([arrival])))
    start = datetime(2026, 11, 29, 20, 54, 8, 771000)
    version = Version(1, start, start + timedelta(seconds=9), f"{columns} -> 2027-01-22")
    shown = check(printed(history_table(RowHistory("History of sales order 136", [version]))))
    assert "20:54:08.771000" in shown


def batch(seq: int) -> Batch:
    changes = Changes(File("k", 1, 1, "0"), 12345, 23456, 34567)
    return Batch(
        seq,
        "run",
        now(),
        lake="lake",
        observed_at=datetime(2026, 11, 29, 20, 54, 8),
        position=Position(1, 1, 1, {}),
        tables=dict.fromkeys(("purchase_order", "counterparty", "payment_type"), changes),
        mirror={},
    )


def failing() -> Health:
    message = f"{'A long reason of a failure. ' * 9}To fix: {'do a lot of things. ' * 6}"
    failed = Attempt("poll", "run", now(), 123.4, "failed", "SourceMismatch", message)
    parts = [LastAttempts("poll", failed, None, 4), LastAttempts("migrate_warehouse", failed)]
    facts = Facts(parts, None, waiting=7200.0, quarantined=12345, unreachable="Nothing answers.")
    return Health(facts, alarms(facts))


def test_status_holds_with_everything_that_it_can_show(capsys: pytest.CaptureFixture[str]):
    runs = [Run("wr_1", "COMPLETED", datetime(2026, 11, 29, tzinfo=UTC), 123.4, 2)]
    schedule = Schedule("rate(5 minutes)", is_enabled=False)
    alarm = {"totesys-dev-freshness": "Threshold Crossed: 1 datapoint was greater. " * 4}
    services = Services("totesys-dev", "eu-west-2", schedule, alarm, 10, 3, runs)
    reasons = [QuarantinedRows("purchase_order", "agreed_payment_date 'soon' is not a date", 7, 1)]
    pending = {"dimensions": 12, "facts": 12, "load": 123, "retries": 4}
    show_status(
        Status(
            failing(), 1, [batch(123456)], {123456: now()}, 123456, 123333, pending, 12345,
            reasons * 12, WarehouseState(problem="Another lake.", is_down=True), services,
        )
    )  # fmt: skip
    shown = check(capsys.readouterr().out)
    for value in (
        "SourceMismatch",
        "unknown",
        "purchase_order +12,345",
        "2 more reasons",
        "paused",
    ):
        assert value in shown


def test_reconciliation_keeps_the_keys(capsys: pytest.CaptureFixture[str]):
    comparisons = [
        TableComparison(
            side, name, 123456789, 12345, 12345, 123456, 123, 12345, 98765432, [1, 22222222, 3]
        )
        for side, name in (("mirror", "purchase_order"), ("warehouse", "fact_purchase_order"))
    ]
    show_reconciliation(Reconciliation(12345, 12340, 12341, 2, 12345, comparisons))
    shown = check(capsys.readouterr().out)
    assert "Keys in purchase_order (mirror): 1, 22222222, 3, and 148,143 more" in shown
    assert "batches 12341 to 12345 are not loaded yet" in shown
    assert "98,765,432 of 123,456,789 rows of purchase_order were deleted" in shown
