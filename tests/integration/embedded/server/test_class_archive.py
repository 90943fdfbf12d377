import os
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from embedded.server import class_archive
from embedded.server.spark import archive


def test_java_maps_the_archive(spark: SparkSession):
    if not archive().exists():
        pytest.skip("the class-data archive was not written: `make class-archive` does it")
    jvm: Any = spark._jvm  # its classes are known at run time only
    process = jvm.java.lang.ProcessHandle.current().pid()
    assert str(archive().resolve()) in Path(f"/proc/{process}/maps").read_text()


def test_archive_of_other_jars_has_another_name(tmp_path: Path):
    jar, java = tmp_path / "a.jar", tmp_path / "java"
    java.mkdir()
    (java / "release").write_text("17")
    jar.write_bytes(b"1")
    first = class_archive.archive_file(java, [jar])
    assert class_archive.archive_file(java, [jar]) == first
    os.utime(jar, (1, 1))
    assert class_archive.archive_file(java, [jar]) != first


def test_java_starts_without_an_archive_that_does_not_exist(tmp_path: Path):
    assert class_archive.reading(tmp_path / "missing.jsa") == ()


def test_folder_of_the_configuration_is_not_used_if_it_has_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    folder = class_archive.configuration_folder()
    assert folder
    (folder / "spark-defaults.conf").write_text("spark.sql.ansi.enabled true")
    assert class_archive.configuration_folder() is None
