"""An image of Glue 5.1: ``python -m tests.cloud.glue_image FOLDER``, which must be empty.

The Python of a job finds the standard library and the packages of Glue (requirements/glue.txt), but
not this repository and other packages. Its Spark is pyspark with the Hadoop, the S3 client and the
JDBC driver of Glue (requirements/glue.jars). It stays in the cache of the jars, because Java uses a
class-data archive (tests.cloud.endpoint.class_archive) only with a class path of the same folders.
"""

import hashlib
import json
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib.metadata import distributions
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from artifacts.glue_wheels import GLUE_PROVIDES
from embedded.server.java import java_home

ENVIRONMENT = Path(__file__).parents[2] / ".venv-glue"
OWN_HADOOP = "hadoop-client-"  # jars of pyspark, in another version than Glue's
TRUST_PASSWORD = "trusted"  # nosec B105 # the file holds certificates only
PYTHON = """#!/bin/sh
exec "{interpreter}" -S -P -s "$@"
"""
# Java starts in half the time; the options of a job follow.
QUICK_START = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData"
    " -XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
SPARK = {
    "spark.master": "local[2]",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
    # localhost has no host names of buckets. No setting names a region: that is the job's part.
    "spark.hadoop.fs.s3a.path.style.access": "true",
}


def main(folder: Path) -> None:
    """Create the image, with the jars of GLUE_JARS and the authority of AWS_CA_BUNDLE."""
    packages = folder / "site-packages"
    [provided] = ENVIRONMENT.glob("lib/python*/site-packages")
    link_distributions(GLUE_PROVIDES, provided, packages)
    link_distributions(["pip"], Path(sysconfig.get_path("purelib")), folder / "pip")
    (folder / "java").symlink_to(java_home())
    if jars := os.environ["GLUE_JARS"]:
        (folder / "spark").symlink_to(spark_home(provided / "pyspark", Path(jars)))
    trust = folder / "authorities.p12"
    trust.write_bytes(as_trust_store(Path(os.environ["AWS_CA_BUNDLE"])))
    options = (
        f"{QUICK_START} -Duser.timezone=UTC -Djavax.net.ssl.trustStore={trust}"
        f" -Djavax.net.ssl.trustStorePassword={TRUST_PASSWORD}"
    )
    settings = {**SPARK, "spark.driver.defaultJavaOptions": options}
    (folder / "settings.json").write_text(json.dumps(settings))
    python = folder / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(PYTHON.format(interpreter=os.path.realpath(ENVIRONMENT / "bin" / "python")))
    python.chmod(0o755)


def link_distributions(names: Iterable[str], packages: Path, folder: Path) -> None:
    """Link the files of the distributions from one ``site-packages`` into a folder."""
    found = {each.name.lower(): each for each in distributions(path=[str(packages)])}
    folder.mkdir(parents=True)
    for name in names:
        files = found[name].files or ()
        for top in {Path(file).parts[0] for file in files} - {"..", "__pycache__"}:
            (folder / top).symlink_to(packages / top)


def spark_home(pyspark: Path, glue: Path) -> Path:
    """Return a home of Spark with these jars beside their folder ``glue``, created on first use."""
    own = (jar for jar in (pyspark / "jars").iterdir() if not jar.name.startswith(OWN_HADOOP))
    jars = sorted((*own, *glue.iterdir()), key=lambda jar: jar.name)
    home = glue.parent / f"glue-spark-{fingerprint([java_home() / 'release', *jars])}"
    if not home.exists():
        new = Path(tempfile.mkdtemp(prefix=f"{home.name}-", dir=home.parent))
        shutil.copytree(pyspark / "bin", new / "bin")
        (new / "conf").mkdir()  # empty, because Java archives no classes beside a folder with files
        (new / "jars").mkdir()
        for jar in jars:
            link_or_copy(jar, new / "jars" / jar.name)
        with suppress(OSError):  # another process may have been first
            new.rename(home)
    return home


def fingerprint(files: Sequence[Path]) -> str:
    """Return a name for the versions of files: Java compares their sizes and times, too."""
    stats = ((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files)
    return hashlib.sha256(repr([*stats]).encode()).hexdigest()[:16]


def link_or_copy(file: Path, to: Path) -> None:
    """Link a file, which may be deleted afterwards; copy it from another file system."""
    try:
        os.link(file.resolve(), to)
    except OSError:
        shutil.copy2(file, to)


def as_trust_store(bundle: Path) -> bytes:
    """Return the certificates of a bundle as a file that Java reads."""
    found = x509.load_pem_x509_certificates(bundle.read_bytes())
    named = [pkcs12.PKCS12Certificate(each, f"{n}".encode()) for n, each in enumerate(found)]
    return pkcs12.serialize_java_truststore(named, BestAvailableEncryption(TRUST_PASSWORD.encode()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
