"""pip and the wheel's builder, as programs of this interpreter."""

import os
import subprocess  # nosec B404 # pip has no other interface
import sys
from pathlib import Path

from artifacts.errors import ToolFailed

ROOT = Path(__file__).parents[1]
TOLD = 2_000  # characters of a tool's last words
SAME_DAY = {"SOURCE_DATE_EPOCH": "315532800"}  # 1980-01-01, for whatever a tool would date


def pip(*arguments: str) -> None:
    """Run pip, quietly. Raises ToolFailed."""
    _run("pip", "--disable-pip-version-check", "--no-input", *arguments)


def build_wheel(folder: Path) -> None:
    """Put the wheel of our own packages into ``folder``, as pyproject.toml describes it. Raises
    ToolFailed."""
    _run("hatchling", "build", "--target", "wheel", "--directory", str(folder))


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
            f"{module} ended with status {done.returncode}; nothing was changed. It says:\n"
            f"{(done.stderr or done.stdout).strip()[-TOLD:]}"
        )
