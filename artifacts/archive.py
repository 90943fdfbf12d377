"""Zip archives that say nothing but what is in them: same files, same bytes."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a zip can hold; every file is of that day."""

READABLE = 0o100644 << 16
UNIX = 3


def write_zip(target: Path, folder: Path) -> None:
    """Write everything under ``folder``, in the order of the names, whatever the files' times,
    modes and order on the disk. Another zlib may press it into other bytes."""
    with ZipFile(target, "w") as archive:
        for name, path in sorted(files_under(folder).items()):
            member = ZipInfo(name, FIRST_DAY)
            member.compress_type = ZIP_DEFLATED
            member.create_system = UNIX  # or it would be the machine's
            member.external_attr = READABLE
            archive.writestr(member, path.read_bytes())


def files_under(folder: Path) -> dict[str, Path]:
    """Every file under ``folder`` by its name there, with '/' between the parts."""
    return {
        path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()
    }
