"""Versions of a row are in the order of (batch_seq, change_seq): nothing orders or compares them by
batch_seq alone."""

import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ONE = r"(?:[\w{}$\"'.]+\.)?[\"']?"
ALONE = rf"{ONE}batch_seq\b[\"']?"
AND_CHANGE = rf"\s*,\s*{ONE}change_seq\b"
ITEM = r"[\w.%{}$()\"\[\]]+(?:\s+(?:asc|desc))?"
RULES = {
    "order by": rf"order\s+by\s+(?:{ITEM}\s*,\s*)*?{ALONE}(?:\s+(?:asc|desc))?+(?!{AND_CHANGE})",
    "orderBy": rf"(?:orderBy|sort)\(\s*(?:[^()]*,\s*)?{ALONE}\s*\)",
    "max": rf"\b(?:max|min)\(\s*{ALONE}\s*\)",
    "aggregate": r"[\"']batch_seq[\"']\s*,\s*[\"'](?:max|min)[\"']",
    "comparison": rf"(?<![,(]\s)(?<![,(]){ALONE}\s*(?:<=|>=|<>|!=|<|>)\s*{ONE}batch_seq\b",
}
LEDGER = "rows of the ledger, one for each batch"
APPLIED = "an applied migration, replaced by 0011"
ALLOWED = {
    "dashboard/sql/as_of.sql": (1, LEDGER),
    "dashboard/sql/ledger.sql": (1, LEDGER),
    "dashboard/sql/ledger_totals.sql": (1, LEDGER),
    "dashboard/sql/recent_rows.sql": (1, LEDGER),
    "docs/analysts.md": (1, LEDGER),
    "docs/athena.md": (1, "counts of rows, one for each batch"),
    "glue_jobs/load/ledger.py": (1, LEDGER),
    "operations/warehouse_state.py": (1, LEDGER),
    "totesys/questions/late_rows.sql": (3, LEDGER),
    "totesys/questions/order_changes.sql": (2, LEDGER),
    "totesys/questions/payment_punctuality.sql": (2, LEDGER),
    "warehouse/migrations/0005_latest.sql": (3, APPLIED),
    "warehouse/migrations/0008_triggers_on_13.sql": (1, APPLIED),
}
"""The number of matches in a file that do not order versions, with the reason."""


def matches(text: str) -> list[str]:
    """Return each place in the text that orders or compares by batch_seq alone."""
    return [match[0] for rule in RULES.values() for match in re.finditer(rule, text)]


def checked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "*.sql", "*.py", "docs/*.md"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    skipped = ("tests/", "docs/adr/", "docs/data-dictionary.md")
    return [name for name in listed.stdout.split() if not name.startswith(skipped)]


def test_nothing_orders_versions_by_their_batch_alone():
    found = {
        name: places
        for name in checked_files()
        if len(places := matches((ROOT / name).read_text(encoding="utf-8")))
        > ALLOWED.get(name, (0, ""))[0]
    }
    assert found == {}


def test_every_exception_is_needed():
    counts = Counter(
        {name: len(matches((ROOT / name).read_text(encoding="utf-8"))) for name in ALLOWED}
    )
    assert counts == {name: count for name, (count, _) in ALLOWED.items()}


@pytest.mark.parametrize(
    "text",
    [
        "order by batch_seq",
        "order by batch_seq desc limit 1",
        "order by %2$I, batch_seq desc'",
        "select distinct on ({key}) * from t order by {key}, batch_seq desc",
        "over (partition by payment_id order by batch_seq)",
        "order by known.batch_seq desc, known.observed_at",
        "max(batch_seq)",
        "select key, max(known.batch_seq) from t",
        'F.max("batch_seq")',
        'Window.partitionBy(key).orderBy("batch_seq")',
        '.aggregate([("batch_seq", "max")])',
        "where known.batch_seq < excluded.batch_seq",
        "and earlier.batch_seq <= deletion.batch_seq",
    ],
)
def test_order_by_the_batch_alone_is_found(text: str):
    assert len(matches(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "order by batch_seq, change_seq",
        "order by %2$I, batch_seq desc, change_seq desc",
        "order by known.batch_seq desc, known.change_seq desc limit 1",
        "where (known.batch_seq, known.change_seq) < (gone.batch_seq, gone.change_seq)",
        "max(array[batch_seq, change_seq])",
        "lead(batch_seq) over versions is null",
        "where batch_seq = 6 and batch_seq > 1",
        "group by batch_seq",
        "inner join batches using (batch_seq)",
    ],
)
def test_other_uses_are_not_found(text: str):
    assert matches(text) == []
