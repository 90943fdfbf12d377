"""An image of Glue 5.1, from this environment: ``python -m tests.cloud.glue_image``.

The Python of a job finds the standard library and the packages of Glue, but not this repository and
other installed packages.
"""

import os
import sys
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from artifacts.glue_wheels import GLUE_PROVIDES
from embedded.server.java import driver, java_home

PYTHON = """#!/bin/sh
exec "{interpreter}" -S -P -s "$@"
"""
SPARK = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    # s3://bucket/key is a mount of ViewFs, which calls the gateway: tests.cloud.webhdfs
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
    "spark.hadoop.fs.viewfs.overload.scheme.target.webhdfs.impl": (
        "org.apache.hadoop.hdfs.web.WebHdfsFileSystem"
    ),
    # options for a quick start of Java; those of a job follow
    "spark.driver.defaultJavaOptions": (
        "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
        " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
    ),
}


def main(folder: Path) -> None:
    """Create the image in ``folder``."""
    link_distributions(GLUE_PROVIDES, folder / "site-packages")
    link_distributions(["pip"], folder / "pip")
    (folder / "java").symlink_to(java_home())
    (folder / "jdbc.jar").symlink_to(driver())
    settings = {**SPARK, "spark.driver.extraClassPath": str(folder / "jdbc.jar")}
    lines = (f"{name} {value}\n" for name, value in settings.items())
    (folder / "spark-defaults.conf").write_text("".join(lines))
    python = folder / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(PYTHON.format(interpreter=os.path.realpath(sys.executable)))
    python.chmod(0o755)


def link_distributions(names: Iterable[str], folder: Path) -> None:
    """Link the files of the distributions from this environment."""
    folder.mkdir(parents=True)
    for name in names:
        found = distribution(name)
        for top in {Path(file).parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            (folder / top).symlink_to(str(found.locate_file(top)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
