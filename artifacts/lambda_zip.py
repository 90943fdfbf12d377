"""The deployment package of the Lambda function: the project's code and the packages it imports."""

import tempfile
from fnmatch import fnmatch
from pathlib import Path

from artifacts.archive import files_under, write_zip
from artifacts.errors import TooLarge, WrongMachine
from artifacts.platforms import Platform
from artifacts.sources import copy_package
from artifacts.tools import ROOT, pip
from contracts.project import PROJECT

PACKAGES = (PROJECT, "contracts", "lake", "postgres", "ingestion_lambda")
LOCK = ROOT / "requirements" / "lambda.txt"
CA_BUNDLE = "ca.pem"

UNPACKED_LIMIT = 250 * 1024 * 1024
"""Bytes that Lambda accepts for function and layers together, before compression."""

NOT_NEEDED = (
    # records of an installation by pip, and programs that contain the path of its interpreter
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/direct_url.json",
    "bin/*",
    "*.pyc",
    # pyarrow: headers and sources, tests, and the RPC library
    "*/tests/*",
    "pyarrow/include/*",
    "pyarrow/includes/*",
    "pyarrow/src/*",
    "*.pxd",
    "*.pxi",
    "*.pyx",
    "pyarrow/*_cpp_tests*",
    "pyarrow/*flight*",
    # second and third copies of a library, under names that no other library links to
    "pyarrow/libarrow*.so",
    "pyarrow/libarrow*.so.*.*.*",
)
"""Paths that are excluded from the package; * matches any characters."""

ELF = b"\x7fELF"
ELF_MACHINES = {62: "x86_64", 183: "aarch64"}


def make_lambda_zip(target: Path, platform: Platform, ca_bundle: bytes | None) -> int:
    """Write the package for ``platform``, with ``ca_bundle`` at its root if there is one, and
    return its unpacked size in bytes. Raises ToolFailed, WrongMachine or TooLarge."""
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
    paths = ("--target", str(tree), "--requirement", str(LOCK))
    pip(*platform.before, "install", *options, *platform.after, *paths)
    for name in PACKAGES:
        copy_package(name, tree)
    for name, path in files_under(tree).items():
        if not is_needed(name):
            path.unlink()


def is_needed(name: str) -> bool:
    """Return whether the package includes the file with this path."""
    return not any(fnmatch(name, pattern) for pattern in NOT_NEEDED)


def check_machine(tree: Path, machine: str) -> None:
    """Raise WrongMachine if a library is for another architecture."""
    for name, path in files_under(tree).items():
        with path.open("rb") as file:
            head = file.read(20)
        if head.startswith(ELF):
            actual = ELF_MACHINES.get(int.from_bytes(head[18:20], "little"), "another machine")
            if actual != machine:
                raise WrongMachine(
                    f"{name} is built for {actual}, and the package for {machine}. To fix: check"
                    f" which wheels pip installs from {LOCK.name}."
                )


def check_size(tree: Path) -> int:
    """Return the size of all files in bytes. Raises TooLarge."""
    unpacked = sum(path.stat().st_size for path in files_under(tree).values())
    if unpacked > UNPACKED_LIMIT:
        raise TooLarge(
            f"The package has {unpacked:,} bytes unpacked; Lambda accepts {UNPACKED_LIMIT:,}. To"
            " fix: find what grew, and add what is not needed to artifacts.lambda_zip.NOT_NEEDED."
        )
    return unpacked
