"""The health of the platform and its runs, from the lake alone."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from dashboard import runs
from dashboard.settings import EVERY, LAKE, WAREHOUSE, stores
from lake import now
from lake.attempts import PARTS, Attempt, LogLine
from lake.directory import DirectoryStore
from tests.integration.dashboard.conftest import Look, metrics
from tests.processed import ProcessedLake

DOWN = "postgresql://reader:hunter2@127.0.0.1:1/warehouse"


@pytest.fixture
def lake(tmp_path: Path) -> ProcessedLake:
    """Create a lake with a batch, a successful poll that committed it, and three refused polls."""
    lake = ProcessedLake(tmp_path)
    batch = lake.lake.batches.entry(lake.land({}))
    attempts = lake.lake.attempts
    start = now() - timedelta(minutes=4)
    lines = (LogLine(start, "INFO", "batch committed  seq=1"),)
    attempts.record(Attempt("poll", batch.run, start, 1.5, "succeeded", lines=lines))
    for minutes in (3, 2, 1):
        message = "300 of 400 rows of [payment] were deleted. To fix: check the source."
        begun = now() - timedelta(minutes=minutes)
        run = f"run-{minutes}"
        attempts.record(Attempt("poll", run, begun, 0.5, "failed", "MassDelete", message))
    attempts.record(Attempt("build_facts", "run-b", now(), 9.0, "failed", "ValueError"))
    return lake


def variables(tmp_path: Path) -> dict[str, str]:
    return {LAKE: " ".join(stores([str(tmp_path)])), WAREHOUSE: DOWN}


def text(elements: Any) -> str:
    return "\n".join(str(element.value) for element in elements)


def test_platform_page_shows_health_and_waiting_batches_while_the_warehouse_is_down(
    lake: ProcessedLake, look: Look, tmp_path: Path
):
    app = look("platform", variables(tmp_path))
    assert "3 attempts of poll have failed since the last success: MassDelete." in text(app.error)
    assert "To fix: check the source." in text(app.error)
    assert "Freshness: " in text(app.markdown)
    assert "The warehouse cannot be read" in text(app.warning)
    assert "hunter2" not in text(app.warning)
    assert metrics(app, "Batches waiting") == ["1"]
    assert not app.exception


def test_platform_page_knows_the_interval_of_polls(look: Look, tmp_path: Path):
    lake = ProcessedLake(tmp_path).lake
    lake.attempts.record(Attempt("poll", "run-1", now() - timedelta(hours=2), 1.5, "succeeded"))
    app = look("platform", variables(tmp_path))
    assert "No poll has succeeded for 2 h" in text(app.error)
    st.cache_data.clear()
    app = look("platform", variables(tmp_path) | {EVERY: "3600"})
    assert "No poll has succeeded" not in text(app.error)
    assert "Polls succeed" not in text(app.success)


def test_runs_are_read_in_few_requests_and_each_object_once(
    look: Look, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lake = ProcessedLake(tmp_path)
    for number in range(runs.MAX_BATCHES + 10):
        lake.add({})
        begun = now() - timedelta(minutes=100 - number)
        for part in PARTS:
            lake.lake.attempts.record(Attempt(part, f"run-{number}", begun, 0.5, "succeeded"))
    read, get = list[str](), DirectoryStore.get

    def counted(store: DirectoryStore, key: str) -> bytes:
        read.append(key)
        return get(store, key)

    monkeypatch.setattr(DirectoryStore, "get", counted)
    look("runs", variables(tmp_path))
    assert len(read) == len(set(read)) == runs.MAX_ATTEMPTS + 3 * runs.MAX_BATCHES
    lake.lake.attempts.record(Attempt("poll", "run-new", now(), 0.5, "failed", "MassDelete"))
    read.clear()
    st.cache_data.clear()
    app = look("runs", variables(tmp_path))
    assert "MassDelete" in app.selectbox(key="run").options[0]
    assert len(read) == 1


def test_page_of_runs_shows_attempts_and_the_details_of_one(
    lake: ProcessedLake, look: Look, tmp_path: Path
):
    app = look("runs", variables(tmp_path))
    choice = app.selectbox(key="run")
    assert len(choice.options) == 5
    assert "build_facts · failed · ValueError" in choice.options[0]
    assert "The message is not recorded" in text(app.error)
    choice.select_index(1).run()
    assert r"**MassDelete**: 300 of 400 rows of \[payment\] were deleted." in text(app.error)
    assert "To fix: check the source." in text(app.info)
    app.selectbox(key="run").select_index(4).run()
    assert "Succeeded" in text(app.success)
    html = "".join(str(element.proto.body) for element in app.get("html"))
    assert "batch committed  seq=1" in html
    assert "Steps of the batches" in html
    app.toggle(key="failures").set_value(True).run()
    assert len(app.selectbox(key="run").options) == 4


def test_page_of_runs_without_a_lake_names_the_option_that_is_missing(look: Look):
    app = look("runs", {WAREHOUSE: DOWN})
    assert "--lake" in app.info[0].value
