"""What `python -m artifacts` makes runs by itself, and comes out the same each time."""

import subprocess
import sys
import sysconfig
from email import message_from_bytes
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

import contracts
from artifacts.command import main
from artifacts.glue_wheels import GLUE_PROVIDES
from artifacts.lambda_zip import UNPACKED_LIMIT
from artifacts.platforms import host_python
from artifacts.tools import pip
from tests.certificates import Authority
from warehouse.plan import SCHEMA, plan

MADE = ("ingestion_lambda.zip", "platform.gluewheels.zip")

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
entry._send(entry.measured(source.name, polled, 1.0))
print(json.dumps(told))
"""

IMPORTS = """
import sys
folder, brought = sys.argv[1:]
sys.path[:0] = [folder, brought]

import contracts
import glue_jobs.build_dimensions, glue_jobs.build_facts, glue_jobs.load_warehouse
from warehouse import migrate_warehouse
from warehouse.plan import plan

assert contracts.__file__.startswith(folder), contracts.__file__
print(len(contracts.source().tables), len(plan(contracts.warehouse(), "warehouse").migrations))
"""


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifacts for this machine."""
    folder = tmp_path_factory.mktemp("artifacts")
    bundle = Authority().write(folder / "bundle.pem")
    main(["--out", str(folder), "--platform", "host", "--ca-bundle", str(bundle)])
    return folder


def unpacked(archive: Path, folder: Path) -> Path:
    with ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


def clean(python: str, script: str, *arguments: object) -> str:
    """What a script says in an interpreter that sees no packages but those that it is given."""
    command = [python, "-I", "-S", "-c", script, *map(str, arguments)]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_same_sources_make_the_same_bytes(build: Path, tmp_path: Path):
    main(["--out", str(tmp_path), "--platform", "host", "--ca-bundle", str(build / "bundle.pem")])
    for name in MADE:
        assert (tmp_path / name).read_bytes() == (build / name).read_bytes(), name


def test_lambda_polls_with_nothing_but_its_package(
    build: Path, seeded_source_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    folder = unpacked(build / "ingestion_lambda.zip", tmp_path / "package")
    assert (folder / "ca.pem").read_bytes() == (build / "bundle.pem").read_bytes()
    _, python = host_python()
    told = clean(python, POLLS, folder, seeded_source_dsn, tmp_path / "lake")
    assert told.startswith('[[1, ["address", ')
    assert told.endswith('[2, ["design"]], [3, ["payment"]]]')


@pytest.mark.parametrize("platform", ["arm64", "x86_64"])
def test_package_for_aws_has_room_to_grow(platform: str, tmp_path: Path):
    main(["--out", str(tmp_path), "--platform", platform])
    with ZipFile(tmp_path / "ingestion_lambda.zip") as archive:
        size = sum(member.file_size for member in archive.infolist())
        assert size < 0.7 * UNPACKED_LIMIT
        machine = {"arm64": "aarch64", "x86_64": "x86_64"}[platform]
        assert f"pyarrow/lib.cpython-313-{machine}-linux-gnu.so" in archive.namelist()


def test_jobs_import_with_nothing_but_their_wheels_and_what_glue_brings(
    build: Path, tmp_path: Path
):
    wheels = unpacked(build / "platform.gluewheels.zip", tmp_path) / "wheels"
    target = tmp_path / "installed"
    options = ("--no-index", "--no-deps", "--find-links", str(wheels), "--target", str(target))
    pip("install", *options, "--requirement", str(wheels / "requirements.txt"))
    brought = sysconfig.get_path("purelib")
    migrations = plan(contracts.warehouse(), SCHEMA).migrations
    told = clean(sys.executable, IMPORTS, target, brought)
    assert told == f"{len(contracts.source().tables)} {len(migrations)}"


def test_wheels_ask_for_nothing_that_neither_they_nor_glue_bring(build: Path):
    asked, there = set[str](), set(GLUE_PROVIDES)
    with ZipFile(build / "platform.gluewheels.zip") as archive:
        for name in archive.namelist():
            if name.endswith(".whl"):
                there.add(Path(name).name.partition("-")[0])
                asked |= requirements(archive.read(name))
    assert asked
    assert asked <= there


def requirements(wheel: bytes) -> set[str]:
    with ZipFile(BytesIO(wheel)) as opened:
        [metadata] = [name for name in opened.namelist() if name.endswith(".dist-info/METADATA")]
        said = message_from_bytes(opened.read(metadata)).get_all("Requires-Dist") or []
    return {line.split(">")[0].split("=")[0].split("<")[0].strip() for line in said}
