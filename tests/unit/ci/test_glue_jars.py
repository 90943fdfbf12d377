"""The jars for tests are verified, with a fake Maven that fetches them, others, or none."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / ".ci" / "glue-jars"
JAR = b"the jar"
LIST = f"# about\norg.example:some-jar:1.0 {hashlib.sha256(JAR).hexdigest()}\n"
# The last argument is -DoutputDirectory=...
FETCHING = (
    'for last; do :; done; mkdir "${{last#*=}}"; printf "{}" >"${{last#*=}}/some-jar-1.0.jar"'
)
MAVEN = {
    "fetches": FETCHING.format(JAR.decode()),
    "fetches another": FETCHING.format("another jar"),
    "cannot": "echo '[ERROR] the index does not answer'; exit 1",
}


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for folder in (".ci", "requirements", "bin"):
        (tmp_path / folder).mkdir()
    shutil.copy(SCRIPT, tmp_path / ".ci" / "glue-jars")
    for name in ("glue", "iceberg"):
        (tmp_path / "requirements" / f"{name}.jars").write_text(LIST)
    return tmp_path


def fetched(clone: Path, maven: str, *name: str) -> tuple[int, str]:
    """Return status and output of the script with this Maven."""
    program = clone / "bin" / "mvn"
    program.write_text(f"#!/bin/sh\n{MAVEN[maven]}\n")
    program.chmod(0o755)
    path = f"{clone / 'bin'}:{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": "/nowhere", "XDG_CACHE_HOME": str(clone / "cache")}
    command: list[str | Path] = [clone / ".ci" / "glue-jars", *name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


def test_fetched_jars_are_kept_and_not_fetched_again(clone: Path):
    status, folder = fetched(clone, "fetches")
    assert (status, Path(folder, "some-jar-1.0.jar").read_bytes()) == (0, JAR)
    assert fetched(clone, "cannot") == (0, folder)


def test_jar_with_another_digest_fails_and_is_not_kept(clone: Path):
    assert fetched(clone, "fetches another")[0] == 1
    assert not (clone / "cache").exists()


def test_jar_that_changed_in_the_cache_fails(clone: Path):
    _, folder = fetched(clone, "fetches")
    Path(folder, "some-jar-1.0.jar").write_bytes(b"another jar")
    assert fetched(clone, "fetches")[0] == 1


@pytest.mark.parametrize(
    ("name", "checked"),
    [
        ([], "the jobs of a deployment on Spark with S3A"),
        (["iceberg"], "published tables by Iceberg's Java library"),
    ],
)
def test_missing_jars_are_reported_as_not_checked(clone: Path, name: list[str], checked: str):
    status, output = fetched(clone, "cannot", *name)
    assert (status, output.partition(".")[0]) == (3, f"NOT CHECKED: {checked}")
    assert "the index does not answer" in output
