"""A job's log is one JSON object a line."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from glue_jobs import json_logs


@pytest.fixture
def restored() -> Iterator[None]:
    """The root logger is afterwards as it was."""
    root, py4j = logging.getLogger(), logging.getLogger("py4j")
    before = root.handlers[:], root.level, py4j.level
    root.handlers.clear()  # otherwise to_stdout closes them
    yield
    root.handlers[:], root.level, py4j.level = before


@pytest.mark.usefixtures("restored")
def test_a_record_is_a_line_with_everything_in_extra(capsys: pytest.CaptureFixture[str]):
    json_logs.to_stdout()
    logging.getLogger("jobs").info("batch %s", "built", extra={"seq": 7, "at": logging})

    line = json.loads(capsys.readouterr().out)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "jobs",
        "message": "batch built",
        "seq": 7,
        "at": str(logging),
    }


def test_an_exception_stays_on_its_line():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("jobs", logging.ERROR, "", 1, "failed", None, sys.exc_info())

    (line,) = json_logs.JsonLines().format(record).splitlines()
    assert "ValueError: two\nlines" in json.loads(line)["exception"]
