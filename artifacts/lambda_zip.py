"""The Lambda's package: our code, what it imports, and nothing else."""

import tempfile
from fnmatch import fnmatch
from pathlib import Path

from artifacts.archive import files_under, write_zip
from artifacts.errors import TooLarge, WrongMachine
from artifacts.platforms import Platform
from artifacts.sources import copy_package
from artifacts.tools import ROOT, pip

PACKAGES = ("totesys", "contracts", "lake", "postgres", "ingestion_lambda")
LOCK = ROOT / "requirements" / "lambda.txt"
CA_BUNDLE = "ca.pem"

UNPACKED_LIMIT = 250 * 1024 * 1024
"""What Lambda takes, function and layers together, before compression."""

NOT_NEEDED = (
    # what pip notes of an installation, and programs that name its interpreter
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "bin/*",
    "*.pyc",
    # pyarrow for those who build upon it, its tests, and its RPC library
    "*/tests/*",
    "pyarrow/include/*",
    "pyarrow/includes/*",
    "pyarrow/src/*",
    "*.pxd",
    "*.pxi",
    "*.pyx",
    "pyarrow/*_cpp_tests*",
    "pyarrow/*flight*",
    # second and third copies of a library, under names that no other one asks for
    "pyarrow/libarrow*.so",
    "pyarrow/libarrow*.so.*.*.*",
)
"""Left out of the package: names within it, where * stands for any characters."""

ELF = b"\x7fELF"
ELF_MACHINES = {62: "x86_64", 183: "aarch64"}


def make_lambda_zip(target: Path, platform: Platform, ca_bundle: bytes | None) -> int:
    """Write the package for ``platform``, with ``ca_bundle`` at its root where there is one; the
    bytes that it takes unpacked. Raises ToolFailed, WrongMachine or TooLarge."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        _install(tree, platform)
        if ca_bundle:
            (tree / CA_BUNDLE).write_bytes(ca_bundle)
        check_machine(tree, platform.machine)
        unpacked = check_size(tree)
        write_zip(target, tree)
    return unpacked


def _install(tree: Path, platform: Platform) -> None:
    options = ("--only-binary=:all:", "--no-compile", "--require-hashes", "--quiet")
    where = ("--target", str(tree), "--requirement", str(LOCK))
    pip(*platform.before, "install", *options, *platform.after, *where)
    for name in PACKAGES:
        copy_package(name, tree)
    for name, path in files_under(tree).items():
        if not is_needed(name):
            path.unlink()


def is_needed(name: str) -> bool:
    """Whether a file of that name within the package goes with it."""
    return not any(fnmatch(name, pattern) for pattern in NOT_NEEDED)


def check_machine(tree: Path, machine: str) -> None:
    """Raise WrongMachine where a library is for another machine."""
    for name, path in files_under(tree).items():
        with path.open("rb") as file:
            head = file.read(20)
        if head.startswith(ELF):
            found = ELF_MACHINES.get(int.from_bytes(head[18:20], "little"), "another machine")
            if found != machine:
                raise WrongMachine(
                    f"{name} is for {found}, and the package for {machine}. Look at the wheels"
                    f" that pip found for {LOCK.name}."
                )


def check_size(tree: Path) -> int:
    """The bytes of all files. Raises TooLarge."""
    unpacked = sum(path.stat().st_size for path in files_under(tree).values())
    if unpacked > UNPACKED_LIMIT:
        raise TooLarge(
            f"The package takes {unpacked:,} bytes unpacked, and Lambda takes {UNPACKED_LIMIT:,}."
            " See what grew, and name what is not needed in artifacts.lambda_zip.NOT_NEEDED."
        )
    return unpacked
