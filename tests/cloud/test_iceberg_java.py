"""Iceberg's Java library finds in the published tables, row for row, what the logs name.

Neither side of the comparison uses the code that publishes: the expected rows come from the files
that the entries of the logs list, the others from Spark with Iceberg's library.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lake.entries import BuildEntry, RetryEntry
from tests.cloud import glue_jars
from tests.lake_builder import LakeBuilder

ROOT = Path(__file__).parents[2]
READER = "tests.cloud.iceberg_java"
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new folder, with a space in its name."""
    return tmp_path_factory.mktemp("of iceberg")


@pytest.fixture(scope="module")
def read(folder: Path) -> Mapping[str, Any]:
    """Return, by step and table, the columns and rows that Iceberg's library reads."""
    command: list[str | Path]
    command = [sys.executable, "-m", READER, glue_jars.require("iceberg"), folder]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found: Mapping[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def logged(folder: Path) -> Rows:
    """Return the rows of the files that the logs list, by published table."""
    found: Rows = {}
    for name, path in files(folder):
        found.setdefault(name, []).extend(pq.read_table(path).to_pylist())
    return found


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the published table and the path of each file that an entry adds."""
    lake = LakeBuilder(folder).lake
    for batch in lake.batches.after(0):
        for name, changes in batch.tables.items():
            yield f"ingestion.{name}", folder / "ingestion" / changes.file.key
    built: list[BuildEntry | RetryEntry]
    built = [*lake.dimensions.after(0), *lake.facts.after(0), *lake.retries.after(0)]
    for entry in built:
        tombstones = {f"{name}_tombstones": output for name, output in entry.tombstones.items()}
        for name, output in {**entry.tables, **tombstones}.items():
            for key in output.files:
                yield f"processed_g1.{name}", folder / "processed" / key


@pytest.mark.parametrize("step", ["published", "compacted"])
def test_another_library_reads_every_value_that_the_logs_name(
    folder: Path, read: Mapping[str, Any], step: str
):
    expected = logged(folder)
    assert read[step].keys() == expected.keys()
    assert len(expected) > 20
    assert read["replaced"] >= 10
    for name, found in read[step].items():
        columns = found["columns"]
        assert columns[0] in expected[name][0]
        assert {column for row in expected[name] for column in row} <= {*columns}
        rows = sorted(repr(tuple(map(row.get, columns))) for row in expected[name])
        assert found["rows"] == rows, name
