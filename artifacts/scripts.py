"""The scripts that Glue starts: entries of our packages as they are, run as ``__main__``."""

import shutil
from pathlib import Path

from artifacts.tools import ROOT

SCRIPTS = (
    "glue_jobs/build_dimensions.py",
    "glue_jobs/build_facts.py",
    "glue_jobs/load_warehouse.py",
    "warehouse/migrate_warehouse.py",
)


def copy_scripts(folder: Path) -> list[Path]:
    """Copy them into ``folder``; where they are then. All else they import from the wheel."""
    return [Path(shutil.copyfile(ROOT / script, folder / Path(script).name)) for script in SCRIPTS]
