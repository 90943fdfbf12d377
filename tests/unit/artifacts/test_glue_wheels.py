"""The packages of the lock file that are sent to Glue."""

from pathlib import Path

from artifacts.glue_wheels import GLUE_PROVIDES, LOCK, PROVIDED, locked, pins

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


def test_lock_file_has_the_versions_that_glue_provides():
    provided, pinned = locked(PROVIDED), locked(LOCK)
    assert {name: pinned[name].split()[0] for name in GLUE_PROVIDES} == provided


def test_packages_that_are_sent_have_the_versions_of_all_other_tests():
    sent, tested = set(locked(LOCK)) - GLUE_PROVIDES, locked(TESTED)
    assert [name for name in sent if locked(LOCK)[name] != tested[name]] == []


def test_packages_that_glue_does_not_provide_are_sent_with_those_that_they_require():
    assert {pin.partition("==")[0] for pin in pins()} == {
        *("pg8000", "scramp", "asn1crypto", "msgspec"),
        *("python-dateutil", "six"),
    }
