"""The file env.sh: the variables that the commands of the documentation use."""

import stat
from pathlib import Path
from shlex import quote

from dashboard.settings import EVERY

ENV = "env.sh"


def write_env(directory: Path, source: str, warehouse: str, every: float) -> Path:
    """Write the DSNs, the lake's directory and the interval of polls as shell variables, readable
    only by the owner, and return the file."""
    lake = directory.resolve() / "lake"
    values = {"source": source, "warehouse": warehouse, "lake": str(lake), EVERY: f"{every:g}"}
    lines = [f"export {name}={quote(value)}" for name, value in values.items()]
    file = directory / ENV
    file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
    file.write_text("\n".join(["# source this file: . env.sh", *lines]) + "\n")
    return file
