"""The migration as Glue starts it: a script by itself, with arguments of Glue's among ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from artifacts.scripts import copy_scripts
from postgres import InvalidReference, Unverified, connected, from_dsn
from tests.certificates import Authority
from tests.tls_front import elsewhere
from warehouse.migrate_warehouse import main

ROOT = Path(__file__).parents[3]
SCHEMA = "select schema_name from etl.warehouse"
GLUES = ["true", "--JOB_ID", "j_1", "--JOB_RUN_ID", "jr_1", "--JOB_NAME", "migrate-warehouse"]
GLUES += ["--TempDir", "s3://t/", "--enable-metrics", "true", "--ware", "x", "--extra-files", "y"]


def test_script_makes_the_warehouse_and_a_second_time_nothing_happens(
    warehouse_dsn: str, tmp_path: Path
) -> None:
    [script] = [s for s in copy_scripts(tmp_path) if s.name == "migrate_warehouse.py"]

    def started() -> list[str]:
        done = subprocess.run(
            [sys.executable, script, *GLUES, "--warehouse", "env:OWNER", "--schema", "stars"],
            cwd=tmp_path,
            env={**os.environ, "OWNER": warehouse_dsn, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert "0001_etl.sql applied" in started()
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run(SCHEMA) == [["stars"]]
    assert started() == ["The warehouse in schema stars is up to date."]


def test_warehouse_elsewhere_is_verified_by_the_bundle(
    warehouse_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strangers = Authority("Somebody else").write(tmp_path / "strangers.pem")
    with elsewhere(warehouse_dsn, tmp_path) as dsn:
        monkeypatch.setenv("OWNER", dsn)
        monkeypatch.setenv("PGSSLROOTCERT", str(strangers))  # the argument goes before
        main([*GLUES, "--warehouse", "env:OWNER", "--ca-bundle", str(tmp_path / "ca.pem")])
        with pytest.raises(Unverified):
            main(["--warehouse", "env:OWNER"])
    with connected(from_dsn(warehouse_dsn), "tests") as connection:
        assert connection.run(SCHEMA) == [["warehouse"]]


def test_failure_is_the_error_itself() -> None:
    with pytest.raises(InvalidReference):
        main([*GLUES, "--warehouse", "nowhere"])


def test_run_without_a_warehouse_fails() -> None:
    with pytest.raises(SystemExit) as ended:
        main(GLUES)
    assert ended.value.code == 2
