"""What of the lock goes to Glue."""

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


def test_pins_come_with_their_hashes_and_markers(tmp_path: Path):
    (tmp_path / "lock.txt").write_text(TEXT)
    pins = locked(tmp_path / "lock.txt")
    assert {name: pin.split() for name, pin in pins.items()} == {
        "alpha": ["alpha==1.0", "--hash=sha256:aa", "--hash=sha256:bb"],
        "beta": ["beta==2.0", ";", "sys_platform", "==", "'win32'", "--hash=sha256:cc"],
    }


def test_what_glue_is_said_to_bring_is_what_we_would_bring_else():
    assert set(locked(LOCK)) >= GLUE_PROVIDES


def test_only_the_database_driver_and_what_it_needs_is_brought():
    assert set(locked(LOCK)) - GLUE_PROVIDES == {"pg8000", "scramp", "asn1crypto", "msgspec"}
