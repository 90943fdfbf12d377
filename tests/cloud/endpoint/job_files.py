"""Files of a Glue job: the image, and the objects that Glue fetches with the role of the job."""

import os
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


class CannotStart(Exception):
    """A file or package that the job needs before its script is missing."""


def image() -> Path:
    """Return the image (tests.cloud.glue_image), created on first use."""
    with _image_lock:
        if not IMAGE.exists():
            IMAGE.mkdir()
            command = [os.environ["GLUE_PYTHON"], "-m", "tests.cloud.glue_image", str(IMAGE)]
            subprocess.run(command, check=True)
        return IMAGE


def python() -> str:
    """Return the Python interpreter of the image."""
    return str(image() / "bin" / "python3")


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
        """Install the additional modules; return their folders. Raises CannotStart."""
        wanted = [self._wanted(item) for item in listed(arguments.get(MODULES))]
        if not wanted:
            return []
        target = self.folder / "modules"
        options = ["--quiet", "--root-user-action=ignore", "--prefix", str(target)]
        options += arguments.get(INSTALLER_OPTIONS, "").split()
        command = [python(), "-m", "pip", "install", *options]
        packages = (image() / "pip", image() / "site-packages")  # these packages count as installed
        environment = {
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": os.pathsep.join(map(str, packages)),
            "PIP_CONFIG_FILE": os.devnull,
        }
        completed = subprocess.run(
            command + [word for words in wanted for word in words],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if completed.returncode:
            raise CannotStart(f"pip failed: {completed.stderr.strip()[-MESSAGE:]}")
        return list(target.glob("lib/python*/site-packages"))

    def _wanted(self, item: str) -> list[str]:
        """Return the arguments of pip for one of the modules."""
        if not item.startswith("s3://"):
            return [item]
        file = self.fetch(item)
        if not item.endswith(WHEELS):
            return [str(file)]
        with zipfile.ZipFile(file) as archive:
            archive.extractall(self.folder)
        wheels = self.folder / "wheels"
        return ["--find-links", str(wheels), "--requirement", str(wheels / "requirements.txt")]


def listed(value: str | None) -> list[str]:
    """Return the elements of an argument that are separated by commas."""
    return [item.strip() for item in (value or "").split(",") if item.strip()]
