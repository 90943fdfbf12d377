"""docs/costs.md: the sums are correct and use the quantities that the code decides."""

import json
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

import contracts
from ingestion_lambda import metrics
from ingestion_lambda.health import HealthMetrics
from ingestion_lambda.poll import Polled
from tests.pages import Page, computed

OF_A_LOG = 1
"""Alarms that exist only if versions are captured by log."""

ROOT = Path(__file__).parents[3]
TERRAFORM = ROOT / "terraform"
PAGE = Page("costs.md")
MONTH, RUN, SINGLE, SUMS, OPTIONAL = (
    "## Every month",
    "## A run of the workflow",
    "## A run with `single_job`",
    "## The sums",
    "## Optional costs",
)


def text(path: str) -> str:
    return (TERRAFORM / path).read_text(encoding="utf-8")


def default(variable: str, path: str = "variables.tf") -> str:
    """Return the default of a variable of Terraform."""
    [value] = re.findall(
        rf'^variable "{variable}" {{$.*?^  default\s+= "?([\w.]+)"?$',
        text(path),
        re.MULTILINE | re.DOTALL,
    )
    return str(value)


def decided() -> dict[str, int]:
    """Return the quantities that the code decides, by their names on the page."""
    [alarms] = re.findall(r"^  alarms = \{(.*?)^  \}", text("modules/alarms/main.tf"), re.M | re.S)
    [secrets] = re.findall(
        r"^  secrets = \{(.*?)^  \}", text("modules/secrets/main.tf"), re.M | re.S
    )
    [services] = re.findall(r"toset\(\[\n(.*?)\]\)", text("modules/network/main.tf"), re.S)
    quiet = metrics.poll_metrics("totesys", Polled(1, health=HealthMetrics(publishing_lag=0)), 1.0)
    workflow = json.loads((ROOT / "glue_jobs" / "workflow.json").read_text(encoding="utf-8"))
    return {
        "polls": 24 * 60 // int(default("rate_minutes")),
        "GB of a poll": int(default("poll_memory_mb")) // 1024,
        "jobs": len(workflow["jobs"]),
        "workers": int(default("workers")),
        "alarms": len(re.findall(r"^    [a-z-]+ = \{$", alarms, re.MULTILINE)) - OF_A_LOG,
        "secrets": len(re.findall(r" = ", secrets)),
        "endpoints": len(re.findall(r'"\w+"', services)),
        "metrics": sum(len(group.values) for group in quiet),
        "changes": len(contracts.source().tables) * len("IUD"),
        "key": len(re.findall('^resource "aws_kms_key"', text("modules/key/main.tf"), re.M)),
        "dashboard": len(
            re.findall(
                '^resource "aws_cloudwatch_dashboard"', text("modules/dashboard/main.tf"), re.M
            )
        ),
    }


def lines() -> Iterator[tuple[str, str, str, str]]:
    """Yield every line with a quantity: item, quantity, unit price, product."""
    for heading in (MONTH, RUN, SINGLE, OPTIONAL):
        for item, quantity, price, usd in PAGE.rows(heading):
            if quantity:
                yield item, quantity, price, usd


def rounded(amount: Decimal, like: str) -> Decimal:
    return amount.quantize(Decimal(like), ROUND_HALF_UP)


@pytest.mark.parametrize(("item", "quantity", "price", "usd"), list(lines()))
def test_product_is_quantity_times_unit_price(item: str, quantity: str, price: str, usd: str):
    assert rounded(computed(quantity) * Decimal(price), usd) == Decimal(usd), item


@pytest.mark.parametrize("heading", [MONTH, RUN, SINGLE])
def test_table_ends_with_the_sum_of_its_lines(heading: str):
    table = PAGE.rows(heading)
    [place] = [n for n, row in enumerate(table) if row[0] == "**total**"]
    assert sum(Decimal(row[-1]) for row in table[:place]) == Decimal(table[place][-1].strip("*"))


def total(heading: str) -> str:
    [value] = [row[-1].strip("*") for row in PAGE.rows(heading) if row[0] == "**total**"]
    return value


def test_sums_add_up_the_tables_and_the_first_table_rounds_them():
    [changes] = [row[-1] for row in PAGE.rows(RUN) if row[0] == "metrics of changed rows"]
    shown = PAGE.rows("# What it costs")[0]
    for (case, sum_, usd), short in zip(PAGE.rows(SUMS), shown, strict=True):
        assert rounded(computed(sum_), usd) == Decimal(usd)
        runs = "" if case.startswith("idle") else f" + {changes} + "
        assert sum_.startswith(total(MONTH) + runs)
        run = total(SINGLE if "single_job" in case else RUN)
        assert not runs or sum_.endswith(f"x 30 days x {run}")
        assert rounded(Decimal(usd), "1") == Decimal(short)


def test_publishing_and_compaction_are_the_lines_named_so():
    lines = [row for heading in (MONTH, RUN) for row in PAGE.rows(heading)]
    own = [row[-1] for row in lines if "publishing" in row[0] or "compaction" in row[0]]
    *monthly, run, metadata = own
    fixed = " + ".join([*monthly, "0.30", "0.10"])
    idle, every = PAGE.rows("## Publishing and compaction")
    assert idle[1] == fixed
    assert every[1] == f"{fixed} + 288 polls x 30 days x {Decimal(run) + Decimal(metadata)}"
    for _, sum_, usd in (idle, every):
        assert rounded(computed(sum_), usd) == Decimal(usd)


def test_pause_allows_one_run_for_each_pause_and_the_poll_after_it():
    paused = [row for row in PAGE.rows(SUMS) if "min_minutes_between_runs" in row[0]]
    assert len(paused) == 2
    for case, sum_, _ in paused:
        [pause] = re.findall(r"min_minutes_between_runs = (\d+)", case)
        [runs] = re.findall(r"(\d+) runs x 30 days", sum_)
        assert int(runs) == 24 * 60 // (int(pause) + int(default("rate_minutes")))


@pytest.mark.parametrize(("name", "number"), list(decided().items()))
def test_quantity_equals_the_one_in_the_code(name: str, number: int):
    quantities = [quantity for _, quantity, _, _ in lines()] + [row[1] for row in PAGE.rows(SUMS)]
    if name == "GB of a poll":
        assert f"x {number} GB" in quantities[0]
        return
    stated = [int(n) for q in quantities for n in re.findall(rf"(\d+) {name}\b", q)]
    assert stated
    assert set(stated) == {number}


def test_a_worker_is_one_dpu_on_arm64():
    assert default("worker_type") == "G.1X"
    assert default("architecture") == "arm64"
