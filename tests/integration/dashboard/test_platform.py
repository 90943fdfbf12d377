"""The page of the platform, without a browser."""

from datetime import datetime
from pathlib import Path

from pg8000.native import Connection

from dashboard.settings import LAKE, stores
from tests.integration.dashboard.conftest import Look, add_batch, captions, metrics
from tests.processed import ProcessedLake


def test_page_explains_what_the_load_time_measures_and_how_a_rebuild_changes_it(
    star: Connection, look: Look
):
    add_batch(star, 1, datetime(2024, 1, 2, 0, 30))
    star.run("update etl.ledger set committed_at = clock_timestamp(), loaded_at ="
             " clock_timestamp()")  # fmt: skip
    app = look("platform")
    assert metrics(app, "Loaded within 30 min") == ["100 %"]
    assert "longer if polls did not run" in captions(app)
    assert "rebuild" in captions(app)


def test_page_without_a_lake_names_the_option_that_is_missing(star: Connection, look: Look):
    app = look("platform")
    assert "--lake" in app.info[0].value
    assert [header.value for header in app.subheader] == [
        "Load time by batch",
        "Business questions",
    ]


def test_page_shows_a_lake_whose_batches_are_not_built(
    star: Connection, look: Look, tmp_path: Path
):
    lake = ProcessedLake(tmp_path)
    for _ in range(2):
        lake.land({})
    app = look("platform", {LAKE: " ".join(stores([str(tmp_path)]))})
    assert metrics(app, "Batches waiting") == ["2"]
    assert metrics(app, "Quarantined rows") == ["0"]
    assert "The latest batches are not built yet." in [info.value for info in app.info]
    assert "No row is in quarantine." in [success.value for success in app.success]


def test_page_shows_the_warehouse_if_the_lake_cannot_be_read(
    star: Connection, look: Look, tmp_path: Path
):
    (tmp_path / "ingestion").write_text("a file where the folder should be")
    app = look("platform", {LAKE: " ".join(stores([str(tmp_path)]))})
    assert "The health of the platform is unknown" in app.warning[0].value
    assert "The lake cannot be read" in app.warning[1].value
    assert metrics(app, "Median load time") == ["-"]
