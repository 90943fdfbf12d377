"""The file env.sh: the variables that the commands of the documentation use."""

import stat
from pathlib import Path
from shlex import quote

ENV = "env.sh"


def write_env(directory: Path, source: str, warehouse: str) -> Path:
    """Write the DSNs and the lake's directory as shell variables, readable only by the owner, and
    return the file."""
    lake = directory.resolve() / "lake"
    values = {"source": source, "warehouse": warehouse, "lake": str(lake)}
    lines = [f"export {name}={quote(value)}" for name, value in values.items()]
    file = directory / ENV
    file.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
    file.write_text("\n".join(["# source this file: . env.sh", *lines]) + "\n")
    return file
