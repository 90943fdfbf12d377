"""Files of a Glue job: the image, and the objects that Glue fetches with the role of the job."""

import hashlib
import os
import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import Any

from botocore.exceptions import ClientError

IMAGE = Path(gettempdir()) / "glue"
MODULES = "--additional-python-modules"
INSTALLER_OPTIONS = "--python-modules-installer-option"
WHEELS = ".gluewheels.zip"
MESSAGE = 1_000  # characters of the output of pip

_image_lock = Lock()
_install_lock = Lock()


class CannotStart(Exception):
    """A file or package that the job needs before its script is missing."""


def image() -> Path:
    """Return the image (tests.cloud.glue_image), created on first use."""
    with _image_lock:
        if not IMAGE.exists():
            IMAGE.mkdir()
            command = [os.environ["PLATFORM_PYTHON"], "-m", "tests.cloud.glue_image", str(IMAGE)]
            subprocess.run(command, check=True)
        return IMAGE


def python() -> str:
    """Return the Python interpreter of the image."""
    return str(image() / "bin" / "python3")


def spark() -> Path:
    """Return the home of Spark, which is missing without GLUE_JARS."""
    return (image() / "spark").resolve()


@dataclass(frozen=True)
class Files:
    """Objects that a client of S3 may read, and an empty folder for copies."""

    s3: Any
    folder: Path

    def fetch(self, address: str, folder: Path | None = None) -> Path:
        """Return a copy of the object. Raises CannotStart."""
        bucket, _, key = address.removeprefix("s3://").partition("/")
        target = (folder or self.folder) / Path(key).name
        try:
            target.write_bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as refusal:
            raise CannotStart(f"{address} cannot be fetched: {refusal}") from None
        return target

    def install(self, arguments: Mapping[str, str]) -> list[Path]:
        """Return the folders of the additional modules, which are installed unless an earlier job
        had the same ones. Raises CannotStart."""
        items = listed(arguments.get(MODULES))
        if not items:
            return []
        options = arguments.get(INSTALLER_OPTIONS, "").split()
        files = {item: self.fetch(item) for item in items if item.startswith("s3://")}
        contents = [files[item].read_bytes() if item in files else b"" for item in items]
        known = hashlib.sha256(repr((items, options, contents)).encode()).hexdigest()
        target = image() / "modules" / known
        with _install_lock:
            if not target.exists():
                words = [word for item in items for word in self._wanted(item, files.get(item))]
                new = self.folder / "modules"
                _pip_install([*options, *words], new)
                target.parent.mkdir(exist_ok=True)
                shutil.move(new, target)
        return list(target.glob("lib/python*/site-packages"))

    def _wanted(self, item: str, file: Path | None) -> list[str]:
        """Return the arguments of pip for one of the modules, and the copy of its object."""
        if file is None:
            return [item]
        if not item.endswith(WHEELS):
            return [str(file)]
        with zipfile.ZipFile(file) as archive:
            archive.extractall(self.folder)
        wheels = self.folder / "wheels"
        return ["--find-links", str(wheels), "--requirement", str(wheels / "requirements.txt")]


def _pip_install(arguments: list[str], target: Path) -> None:
    """Install packages into a folder. Raises CannotStart."""
    options = ["--quiet", "--root-user-action=ignore", "--prefix", str(target)]
    packages = (image() / "pip", image() / "site-packages")  # these packages count as installed
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": os.pathsep.join(map(str, packages)),
        "PIP_CONFIG_FILE": os.devnull,
    }
    command = [python(), "-m", "pip", "install", *options, *arguments]
    completed = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False
    )
    if completed.returncode:
        raise CannotStart(f"pip failed: {completed.stderr.strip()[-MESSAGE:]}")


def listed(value: str | None) -> list[str]:
    """Return the elements of an argument that are separated by commas."""
    return [item.strip() for item in (value or "").split(",") if item.strip()]
