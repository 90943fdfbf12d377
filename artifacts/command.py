"""The command line: `python -m artifacts`."""

import hashlib
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from artifacts.bundle import read_bundle
from artifacts.folder import replaced
from artifacts.glue_wheels import make_glue_wheels
from artifacts.lambda_zip import CA_BUNDLE, make_lambda_zip
from artifacts.platforms import MACHINES, Platform, platform_of
from artifacts.scripts import copy_scripts

ABOUT = """Make what Terraform deploys. The same sources and locks make the same bytes.

  ingestion_lambda.zip      the Lambda: our code and the packages of requirements/lambda.txt
  platform.gluewheels.zip   the Glue jobs' packages, as --additional-python-modules takes them
  scripts/*.py              the Glue jobs' scripts
  ca.pem                    the CA bundle, if there is one"""

EXAMPLES = """examples:
  python -m artifacts --ca-bundle eu-west-2-bundle.pem    for a Lambda on arm64
  python -m artifacts --platform host --out /tmp/build    a Lambda that runs on this machine

Source and warehouse are other machines, and are talked to only if the CA bundle vouches for them;
that of Amazon RDS is at https://truststore.pki.rds.amazonaws.com/.
Exit status: 0 made, 1 pip or a check failed, 2 wrong usage or input."""

LAMBDA, WHEELS, SCRIPTS = "ingestion_lambda.zip", "platform.gluewheels.zip", "scripts"
MADE = (CA_BUNDLE, SCRIPTS, WHEELS, LAMBDA)
"""All that is ours of a folder; others keep their files beside it."""

MEGABYTE = 1e6


def main(argv: Sequence[str]) -> None:
    """Make them. What goes wrong leaves it as a PlatformError."""
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out
    bundle = read_bundle(arguments.ca_bundle) if arguments.ca_bundle else None
    platform = platform_of(arguments.platform)
    with replaced(out, MADE) as folder:
        _make(folder, platform, bundle)
    scripts, bundles = sorted(out.glob(f"{SCRIPTS}/*.py")), out.glob(CA_BUNDLE)
    for path in (out / LAMBDA, out / WHEELS, *scripts, *bundles):
        body = path.read_bytes()
        print(f"{hashlib.sha256(body).hexdigest()} {len(body):>12,} {path}")


def _make(folder: Path, platform: Platform, bundle: bytes | None) -> None:
    _say(f"The Lambda's package for Python {platform.python} on {platform.machine} …")
    unpacked = make_lambda_zip(folder / LAMBDA, platform, bundle)
    _say(f"  {unpacked / MEGABYTE:.1f} MB unpacked")
    _say("The Glue jobs' packages …")
    for wheel in make_glue_wheels(folder / WHEELS):
        _say(f"  {wheel}")
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
        "--out", type=Path, default=Path("build"), metavar="DIR", help="where to (build)"
    )
    parser.add_argument(
        "--platform",
        choices=("host", *MACHINES),
        default="arm64",
        help="where the Lambda will run; host is this machine (arm64)",
    )
    parser.add_argument(
        "--ca-bundle", type=Path, metavar="FILE", help="certificates that vouch for the databases"
    )
    return parser


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
