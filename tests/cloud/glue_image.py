"""An image of Glue 5.1: ``python -m tests.cloud.glue_image FOLDER``, which must be empty.

The Python of a job finds the standard library and the packages of Glue (requirements/glue.txt), but
not this repository and other packages. Its Spark is pyspark with the Hadoop, the S3 client and the
JDBC driver of Glue (requirements/glue.jars).
"""

import json
import os
import sys
import sysconfig
from collections.abc import Iterable
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
        make_spark(packages / "pyspark", Path(jars), folder / "spark")
    trust = folder / "authorities.p12"
    trust.write_bytes(as_trust_store(Path(os.environ["AWS_CA_BUNDLE"])))
    options = (
        f"{QUICK_START} -Duser.timezone=UTC -Djavax.net.ssl.trustStore={trust}"
        f" -Djavax.net.ssl.trustStorePassword={TRUST_PASSWORD}"
    )
    settings = {**SPARK, "spark.driver.defaultJavaOptions": options}
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "conf").mkdir()  # empty, because Java archives no classes beside a folder with files
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


def make_spark(pyspark: Path, jars: Path, home: Path) -> None:
    """Link the files of pyspark and the jars into a new home of Spark."""
    (home / "jars").mkdir(parents=True)
    for file in pyspark.iterdir():
        if file.name != "jars":
            (home / file.name).symlink_to(file)
    own = (jar for jar in (pyspark / "jars").iterdir() if not jar.name.startswith(OWN_HADOOP))
    for jar in (*own, *jars.iterdir()):
        (home / "jars" / jar.name).symlink_to(jar)


def as_trust_store(bundle: Path) -> bytes:
    """Return the certificates of a bundle as a file that Java reads."""
    found = x509.load_pem_x509_certificates(bundle.read_bytes())
    named = [pkcs12.PKCS12Certificate(each, f"{n}".encode()) for n, each in enumerate(found)]
    return pkcs12.serialize_java_truststore(named, BestAvailableEncryption(TRUST_PASSWORD.encode()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
