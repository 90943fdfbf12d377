"""The packages of the lock file that are sent to Glue."""

from pathlib import Path

import pytest

from artifacts.glue_wheels import GLUE_PROVIDES, LOCK, PROVIDED, PUBLISH_LOCK, locked, pins

TESTED = LOCK.with_name("dev.txt")

TEXT = """\
alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
# about beta==9
beta==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:cc
"""


def test_lines_of_a_lock_file_include_hashes_and_markers(tmp_path: Path):
    (tmp_path / "lock.txt").write_text(TEXT)
    found = locked(tmp_path / "lock.txt")
    assert {name: pin.split() for name, pin in found.items()} == {
        "alpha": ["alpha==1.0", "--hash=sha256:aa", "--hash=sha256:bb"],
        "beta": ["beta==2.0", ";", "sys_platform", "==", "'win32'", "--hash=sha256:cc"],
    }


@pytest.mark.parametrize("lock", [LOCK, PUBLISH_LOCK])
def test_lock_file_has_the_versions_that_glue_provides(lock: Path):
    provided, pinned = locked(PROVIDED), locked(lock)
    assert {name: pinned[name].split()[0] for name in GLUE_PROVIDES} == provided


@pytest.mark.parametrize("lock", [LOCK, PUBLISH_LOCK])
def test_packages_that_are_sent_have_the_versions_of_all_other_tests(lock: Path):
    tested = {name.partition("[")[0]: pin for name, pin in locked(TESTED).items()}
    sent = {name: pin for name, pin in locked(lock).items() if name not in GLUE_PROVIDES}
    digests = {name: set(pin.split()[1:]) for name, pin in sent.items()}
    assert [name for name in sent if not digests[name] <= set(tested[name].split())] == []


def test_packages_that_glue_does_not_provide_are_sent_with_those_that_they_require():
    assert {pin.partition("==")[0] for pin in pins()} == {
        *("pg8000", "scramp", "asn1crypto", "msgspec"),
        *("python-dateutil", "six"),
    }


def test_jobs_that_publish_get_pyiceberg_besides():
    assert set(pins()) <= set(pins(PUBLISH_LOCK))
    assert "pyiceberg" not in {pin.partition("==")[0] for pin in pins()}
    assert {pin.partition("==")[0] for pin in pins(PUBLISH_LOCK)} >= {"pyiceberg", "urllib3"}
