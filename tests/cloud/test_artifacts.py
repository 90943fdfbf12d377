"""The output of `python -m artifacts` is complete and reproducible."""

import subprocess
import sys
import sysconfig
from pathlib import Path
from zipfile import ZipFile

import pytest

import contracts
from artifacts.command import LAMBDA, PUBLISH_WHEELS, WHEELS
from artifacts.glue_wheels import make_glue_wheels
from artifacts.lambda_zip import UNPACKED_LIMIT, make_lambda_zip
from artifacts.platforms import host, host_python, platform_of
from artifacts.tools import pip
from warehouse.plan import SCHEMA, plan

POLLS = """
import json, sys
folder, dsn, lake = sys.argv[1:]
sys.path.insert(0, folder)

import boto3
import contracts
import ingestion_lambda.handler as entry
from ingestion_lambda.poll import poll
from lake import new_run, open_lake
from postgres import connected, from_dsn

for service in ("s3", "events", "glue"):
    boto3.client(service, config=entry.CLIENT_CONFIG)
entry._secrets()

class Bus:
    def publish(self, event): pass
    def workflow_runs(self): return False

source = contracts.source()
lake = open_lake(f"file://{lake}/ingestion", f"file://{lake}/processed")
told = []
for change in (None, "UPDATE design SET file_name = 'x'", "DELETE FROM payment"):
    with connected(from_dsn(dsn), "poll") as connection:
        if change:
            connection.run(change)
        polled = poll(connection, source, lake, Bus(), new_run())
    told.append([polled.seq, sorted(polled.changes)])
entry._send(entry.poll_metrics(source.name, polled, 1.0))
print(json.dumps(told))
"""

IMPORTS = """
import sys
folder, brought, *publishing = sys.argv[1:]
sys.path[:0] = [folder, brought]

import contracts
import glue_jobs.build_dimensions, glue_jobs.build_facts, glue_jobs.load_warehouse
from warehouse import migrate_warehouse
from warehouse.plan import plan

assert contracts.__file__.startswith(folder), contracts.__file__
for module in publishing:
    __import__(module)
print(len(contracts.source().tables), len(plan(contracts.warehouse(), "warehouse").migrations))
"""


def unpacked(archive: Path, folder: Path) -> Path:
    with ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def clean(python: str, script: str, *arguments: object) -> str:
    """Return the last line of a script in an interpreter with only the given packages."""
    command = [python, "-I", "-S", "-c", script, *map(str, arguments)]
    completed = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.splitlines()[-1]


def test_same_sources_build_the_same_bytes(artifacts: Path, tmp_path: Path):
    make_lambda_zip(tmp_path / LAMBDA, host(), ca_bundle=None)
    make_glue_wheels(tmp_path / WHEELS, tmp_path / PUBLISH_WHEELS)
    for name in (LAMBDA, WHEELS, PUBLISH_WHEELS):
        assert (tmp_path / name).read_bytes() == (artifacts / name).read_bytes(), name


def test_lambda_polls_with_its_package_only(
    artifacts: Path, seeded_source_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    folder = unpacked(artifacts / LAMBDA, tmp_path / "package")
    _, python = host_python()
    output = clean(python, POLLS, folder, seeded_source_dsn, tmp_path / "lake")
    assert output.startswith('[[1, ["address", ')
    assert output.endswith('[2, ["design"]], [3, ["payment"]]]')


@pytest.mark.parametrize("platform", ["arm64", "x86_64"])
def test_package_for_aws_has_the_certificates_and_is_well_below_the_size_limit(
    platform: str, tmp_path: Path
):
    unpacked_size = make_lambda_zip(tmp_path / LAMBDA, platform_of(platform), b"certificates")
    assert unpacked_size < 0.7 * UNPACKED_LIMIT
    with ZipFile(tmp_path / LAMBDA) as archive:
        machine = {"arm64": "aarch64", "x86_64": "x86_64"}[platform]
        assert f"pyarrow/lib.cpython-313-{machine}-linux-gnu.so" in archive.namelist()
        assert archive.read("ca.pem") == b"certificates"


@pytest.mark.parametrize(
    ("archive", "publishing"), [(WHEELS, []), (PUBLISH_WHEELS, ["glue_jobs.compact_lake"])]
)
def test_jobs_import_with_their_wheels_and_the_packages_of_glue_only(
    artifacts: Path, archive: str, publishing: list[str], tmp_path: Path
):
    wheels = unpacked(artifacts / archive, tmp_path) / "wheels"
    target = tmp_path / "installed"
    # with --target pip ignores installed packages: the zip alone has every requirement
    options = ("--no-index", "--find-links", str(wheels), "--target", str(target))
    pip("install", *options, "--requirement", str(wheels / "requirements.txt"))
    brought = sysconfig.get_path("purelib")
    migrations = plan(contracts.warehouse(), SCHEMA).migrations
    output = clean(sys.executable, IMPORTS, target, brought, *publishing)
    assert output == f"{len(contracts.source().tables)} {len(migrations)}"
