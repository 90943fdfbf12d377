"""The page of the platform, without a browser."""

from datetime import datetime

from pg8000.native import Connection

from tests.integration.dashboard.conftest import Look, add_batch, captions, metrics


def test_page_explains_what_the_load_time_measures_and_how_a_rebuild_changes_it(
    star: Connection, look: Look
):
    add_batch(star, 1, datetime(2024, 1, 2, 0, 30))
    star.run("update etl.ledger set committed_at = clock_timestamp(), loaded_at ="
             " clock_timestamp()")  # fmt: skip
    app = look("platform")
    assert metrics(app, "Loaded within 30 minutes") == ["100 %"]
    assert "longer if polls did not run" in captions(app)
    assert "rebuild" in captions(app)


def test_page_without_a_lake_names_the_option_that_is_missing(star: Connection, look: Look):
    app = look("platform")
    assert "--lake" in app.info[0].value
    assert [header.value for header in app.subheader] == [
        "Load time by batch",
        "Business questions",
    ]
