"""The command line: `python -m artifacts`."""

import hashlib
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from artifacts import catalog
from artifacts.bundle import read_bundle
from artifacts.folder import replaced
from artifacts.glue_wheels import make_glue_wheels
from artifacts.lambda_zip import CA_BUNDLE, make_lambda_zip
from artifacts.platforms import MACHINES, Platform, platform_of
from artifacts.scripts import copy_scripts
from artifacts.tools import run_with_postgresql

ABOUT = """Build what Terraform deploys. The same sources and lock files give the same
bytes.

  ingestion_lambda.zip      the Lambda function, with its packages
  platform.gluewheels.zip   the packages of the Glue jobs
  publish.gluewheels.zip    those of the jobs that publish Iceberg tables
  scripts/*.py              the scripts of the Glue jobs
  catalog/                  tables and queries of Athena
  quicksight/               data sets, queries and dashboard of QuickSight
  ca.pem                    the CA bundle, if there is one"""

EXAMPLES = """examples:
  python -m artifacts --ca-bundle eu-west-2-bundle.pem   for Lambda on arm64
  python -m artifacts --platform host --out /tmp/build   for this machine

Source and warehouse must present a certificate that the CA bundle verifies,
unless they run on this machine; the bundle of Amazon RDS is at
https://truststore.pki.rds.amazonaws.com/.
Exit status: 0 success, 1 pip or a check failed, 2 wrong usage or input."""

LAMBDA, SCRIPTS = "ingestion_lambda.zip", "scripts"
WHEELS, PUBLISH_WHEELS = "platform.gluewheels.zip", "publish.gluewheels.zip"
CATALOG, QUICKSIGHT = "catalog", "quicksight"
NAMES = (CA_BUNDLE, CATALOG, QUICKSIGHT, SCRIPTS, WHEELS, PUBLISH_WHEELS, LAMBDA)
"""The files and folders that a build replaces; others in the same folder stay."""

MEGABYTE = 1e6


def main(argv: Sequence[str]) -> None:
    """Build everything, and print the digest and the size of each package and script.

    Raises PlatformError.
    """
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out
    bundle = read_bundle(arguments.ca_bundle) if arguments.ca_bundle else None
    platform = platform_of(arguments.platform)
    with replaced(out, NAMES) as folder:
        _build(folder.resolve(), platform, bundle)
    scripts, bundles = sorted(out.glob(f"{SCRIPTS}/*.py")), out.glob(CA_BUNDLE)
    for path in (out / LAMBDA, out / WHEELS, out / PUBLISH_WHEELS, *scripts, *bundles):
        body = path.read_bytes()
        print(f"{hashlib.sha256(body).hexdigest()} {len(body):>12,} {path}")


def _build(folder: Path, platform: Platform, bundle: bytes | None) -> None:
    _report("Athena: tables and queries …")
    catalog.write(folder / CATALOG)
    _report("QuickSight: data sets, queries and dashboard …")
    run_with_postgresql("artifacts.quicksight", "--out", str(folder / QUICKSIGHT))
    _report(f"Lambda function: package for Python {platform.python} on {platform.machine} …")
    unpacked = make_lambda_zip(folder / LAMBDA, platform, bundle)
    _report(f"  {unpacked / MEGABYTE:.1f} MB unpacked")
    _report("Glue jobs: packages …")
    for wheel in make_glue_wheels(folder / WHEELS, folder / PUBLISH_WHEELS):
        _report(f"  {wheel}")
    (folder / SCRIPTS).mkdir()
    copy_scripts(folder / SCRIPTS)
    if bundle:
        (folder / CA_BUNDLE).write_bytes(bundle)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "python -m artifacts",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--out", type=Path, default=Path("build"), metavar="DIR", help="output folder (build)"
    )
    parser.add_argument(
        "--platform",
        choices=("host", *MACHINES),
        default="arm64",
        help="architecture of the Lambda function; host is this machine (arm64)",
    )
    parser.add_argument(
        "--ca-bundle", type=Path, metavar="FILE", help="CA certificates of source and warehouse"
    )
    return parser


def _report(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
