"""The packages of the lock file that are sent to Glue."""

from pathlib import Path

from artifacts.glue_wheels import GLUE_PROVIDES, LOCK, locked

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
    pins = locked(tmp_path / "lock.txt")
    assert {name: pin.split() for name, pin in pins.items()} == {
        "alpha": ["alpha==1.0", "--hash=sha256:aa", "--hash=sha256:bb"],
        "beta": ["beta==2.0", ";", "sys_platform", "==", "'win32'", "--hash=sha256:cc"],
    }


def test_packages_that_glue_provides_are_in_the_lock_file():
    assert set(locked(LOCK)) >= GLUE_PROVIDES


def test_only_packages_that_glue_does_not_provide_are_sent():
    assert set(locked(LOCK)) - GLUE_PROVIDES == {"pg8000", "scramp", "asn1crypto", "msgspec"}
