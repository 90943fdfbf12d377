"""Zip archives: the same files give the same bytes."""

import os
from pathlib import Path
from zipfile import ZipFile

from artifacts.archive import write_zip

FILES = {"b/two.py": b"2" * 5000, "a.py": b"1", "b/one.so": b"\x7fELF"}


def folder(root: Path, names: list[str], mode: int, time: int) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES[name])
        path.chmod(mode)
        os.utime(path, (time, time))
    return root


def test_times_modes_and_order_on_the_disk_do_not_matter(tmp_path: Path):
    write_zip(tmp_path / "1.zip", folder(tmp_path / "1", sorted(FILES), 0o600, 1_000_000_000))
    write_zip(tmp_path / "2.zip", folder(tmp_path / "2", [*FILES], 0o755, 1_700_000_000))
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()


def test_archive_contains_every_file_readable_for_all(tmp_path: Path):
    write_zip(tmp_path / "it.zip", folder(tmp_path / "it", [*FILES], 0o600, 1_000_000_000))
    with ZipFile(tmp_path / "it.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == FILES
        assert {member.external_attr >> 16 for member in archive.infolist()} == {0o100644}
        assert archive.namelist() == sorted(FILES)


def test_files_are_compressed(tmp_path: Path):
    write_zip(tmp_path / "it.zip", folder(tmp_path / "it", [*FILES], 0o600, 1_000_000_000))
    assert (tmp_path / "it.zip").stat().st_size < 1000
