"""The record of audits: one a day, and the first is kept."""

from datetime import date, datetime

import pytest

from lake import InvalidLake, Lake, NotFound, Store, layout, now
from lake.entries import Audit

pytestmark = pytest.mark.lambda_runtime

DAY = date(2024, 11, 15)


@pytest.fixture
def lake(store: Store) -> Lake:
    return Lake(store, store)


def audit(run: str = "run", hour: int = 0) -> Audit:
    return Audit(7, run, now(), datetime(2024, 11, 15, hour, 0, 3, 962001), {"staff": 2})


def test_audit_is_recorded_for_its_day_only(lake: Lake):
    assert not lake.audits.has(DAY)
    assert lake.audits.record(audit())
    assert lake.audits.has(DAY)
    assert not lake.audits.has(date(2024, 11, 14))
    assert not lake.audits.has(date(2024, 11, 16))


def test_audit_is_read_back_unchanged(lake: Lake):
    recorded = audit()
    lake.audits.record(recorded)
    assert lake.audits.of(DAY) == recorded
    with pytest.raises(NotFound):
        lake.audits.of(date(2024, 11, 16))


def test_first_audit_of_a_day_is_kept(lake: Lake):
    first = audit("first")
    assert lake.audits.record(first)
    assert not lake.audits.record(audit("second", hour=23))
    assert lake.audits.of(DAY) == first


@pytest.mark.parametrize("body", [b"{", b"{}", b"[]"])
def test_audit_that_cannot_be_read_is_reported_and_still_counts(lake: Lake, body: bytes):
    lake.ingestion.put_new(layout.audit_key(DAY), body)
    assert lake.audits.has(DAY)
    with pytest.raises(InvalidLake, match=r"2024-11-15\.json is not an audit"):
        lake.audits.of(DAY)
