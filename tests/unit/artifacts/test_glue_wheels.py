"""The packages of the lock file that are sent to Glue."""

from pathlib import Path

from artifacts.glue_wheels import GLUE_PROVIDES, LOCK, locked, pins

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


def test_packages_that_glue_provides_are_in_the_lock_file():
    assert set(locked(LOCK)) >= GLUE_PROVIDES


def test_packages_that_glue_does_not_provide_are_sent_with_those_that_they_require():
    assert {pin.partition("==")[0] for pin in pins()} == {
        *("pg8000", "scramp", "asn1crypto", "msgspec"),
        *("python-dateutil", "six"),
    }
