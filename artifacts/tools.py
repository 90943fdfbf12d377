"""pip, the wheel builder and a temporary PostgreSQL, as programs of this interpreter."""

import os
import subprocess  # nosec B404 # pip has no other interface
import sys
from pathlib import Path

from artifacts.errors import ToolFailed

ROOT = Path(__file__).parents[1]
SHOWN = 2_000  # characters: the end of the output of a tool that fails
SAME_DAY = {"SOURCE_DATE_EPOCH": "315532800"}  # 1980-01-01, for timestamps that a tool writes


def pip(*arguments: str) -> None:
    """Run pip without output. Raises ToolFailed."""
    _run("pip", "--disable-pip-version-check", "--no-input", *arguments)


def build_wheel(folder: Path) -> None:
    """Build the wheel of this project into ``folder``, as pyproject.toml describes it. Raises
    ToolFailed."""
    _run("hatchling", "build", "--target", "wheel", "--directory", str(folder))


def run_with_postgresql(module: str, *arguments: str) -> None:
    """Run a module beside a temporary PostgreSQL server, whose DSN is in POSTGRES_DSN. Raises
    ToolFailed."""
    _run("embedded.server", sys.executable, "-m", module, *arguments)


def _run(module: str, *arguments: str) -> None:
    done = subprocess.run(  # nosec B603 # no shell, and no input of others
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **SAME_DAY},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ToolFailed(
            f"{module} ended with status {done.returncode}; nothing was changed. Its output:\n"
            f"{(done.stderr or done.stdout).strip()[-SHOWN:]}"
        )
