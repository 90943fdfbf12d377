"""The scripts that Glue runs as ``__main__``: modules of the packages, copied without change."""

import shutil
from pathlib import Path

from artifacts.tools import ROOT

SCRIPTS = (
    "glue_jobs/build_dimensions.py",
    "glue_jobs/build_facts.py",
    "glue_jobs/compact_lake.py",
    "glue_jobs/load_warehouse.py",
    "glue_jobs/update_warehouse.py",
    "warehouse/migrate_warehouse.py",
)


def copy_scripts(folder: Path) -> list[Path]:
    """Copy the scripts into ``folder``, and return their paths. They import the rest from the
    wheel."""
    return [Path(shutil.copyfile(ROOT / script, folder / Path(script).name)) for script in SCRIPTS]
