"""The platform works in the locale of cron, which has no LANG, and with any name of a folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from postgres import connected, from_dsn

ROOT = Path(__file__).parents[2]
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""The locale of cron, without Python's remedies for it."""

FOREIGN = ("LANG", "LANGUAGE", "PYTHONUTF8", "PYTHONIOENCODING")


@pytest.mark.timeout(600)  # a process with a Spark of its own
def test_cycle_in_a_folder_with_umlauts_and_dots(
    tmp_path: Path, seeded_source_dsn: str, warehouse_dsn: str
):
    (tmp_path / "here").mkdir()
    foreign = {name for name in os.environ if name in FOREIGN or name.startswith("LC_")}
    environment = {name: text for name, text in os.environ.items() if name not in foreign}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "embedded", "cycle", "--source", seeded_source_dsn),
            *("--warehouse", warehouse_dsn, "--lake", "../läke=1 ü+%41"),
        ],
        cwd=tmp_path / "here",
        env={**environment, **C_LOCALE, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    report = json.loads(done.stdout.splitlines()[-1])
    assert (report["seq"], report["loaded_through"]) == (1, 1)
    assert (tmp_path / "läke=1 ü+%41/ingestion/_log").is_dir()
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run("select count(*) from warehouse.fact_payment_current") == [[40]]
