"""The content of the Lambda package: machine code, size, excluded files."""

from pathlib import Path

import pytest

from artifacts import lambda_zip
from artifacts.errors import TooLarge, WrongMachine
from artifacts.lambda_zip import check_machine, check_size, is_needed


def library(machine: int) -> bytes:
    """Return the beginning of an ELF file."""
    return b"\x7fELF\x02\x01\x01".ljust(18, b"\0") + machine.to_bytes(2, "little")


X86_64, AARCH64, RISC_V = 62, 183, 243


@pytest.mark.parametrize(("machine", "code"), [("x86_64", X86_64), ("aarch64", AARCH64)])
def test_library_for_the_machine_passes(tmp_path: Path, machine: str, code: int):
    (tmp_path / "lib.so").write_bytes(library(code))
    (tmp_path / "module.py").write_bytes(b"")
    check_machine(tmp_path, machine)


@pytest.mark.parametrize(
    ("code", "message"), [(X86_64, "is built for x86_64"), (RISC_V, "is built for another machine")]
)
def test_library_for_another_machine_is_refused_by_name(tmp_path: Path, code: int, message: str):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "lib.so.1").write_bytes(library(code))
    with pytest.raises(WrongMachine, match=rf"package/lib\.so\.1 {message}, and .* for aarch64"):
        check_machine(tmp_path, "aarch64")


def test_package_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "large").write_bytes(b"12345")
    monkeypatch.setattr(lambda_zip, "UNPACKED_LIMIT", 5)
    assert check_size(tmp_path) == 5
    (tmp_path / "more").write_bytes(b"6")
    with pytest.raises(TooLarge, match="has 6 bytes unpacked; Lambda accepts 5"):
        check_size(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "pg8000-1.31.6.dist-info/RECORD",
        "pg8000-1.31.6.dist-info/INSTALLER",
        "bin/jp.py",
        "lake/__pycache__/log.cpython-311.pyc",
        "pyarrow/tests/test_array.py",
        "pyarrow/include/arrow/api.h",
        "pyarrow/_flight.cpython-313-aarch64-linux-gnu.so",
        "pyarrow/libarrow_flight.so.2500",
        "pyarrow/libarrow_python.so",
        "pyarrow/libarrow_python.so.2500.1.0",
    ],
)
def test_file_that_no_poll_needs_is_excluded(name: str):
    assert not is_needed(name)


@pytest.mark.parametrize(
    "name",
    [
        "pg8000-1.31.6.dist-info/METADATA",
        "pyarrow-25.0.1.dist-info/licenses/LICENSE.txt",
        "pyarrow/lib.cpython-313-aarch64-linux-gnu.so",
        "pyarrow/libarrow.so.2500",
        "pyarrow/libarrow_python.so.2500",
        "totesys/contracts/source/staff.toml",
        "ca.pem",
    ],
)
def test_file_that_a_poll_can_need_is_included(name: str):
    assert is_needed(name)
