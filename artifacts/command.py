"""The command line: `python -m artifacts`."""

import hashlib
import shutil
import ssl
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from artifacts.errors import InvalidBundle
from artifacts.glue_wheels import make_glue_wheels
from artifacts.lambda_zip import CA_BUNDLE, make_lambda_zip
from artifacts.platforms import MACHINES, platform_of
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

MEGABYTE = 1e6


def main(argv: Sequence[str]) -> None:
    """Make them. What goes wrong leaves it as a PlatformError."""
    arguments = _parser().parse_args(argv)
    out: Path = arguments.out
    bundle: Path | None = arguments.ca_bundle
    if bundle:
        check_bundle(bundle)
    platform = platform_of(arguments.platform)
    scripts = out / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)

    _say(f"The Lambda's package for Python {platform.python} on {platform.machine} …")
    unpacked = make_lambda_zip(out / "ingestion_lambda.zip", platform, bundle)
    _say(f"  {unpacked / MEGABYTE:.1f} MB unpacked")
    _say("The Glue jobs' packages …")
    for wheel in make_glue_wheels(out / "platform.gluewheels.zip"):
        _say(f"  {wheel}")
    made = [out / "ingestion_lambda.zip", out / "platform.gluewheels.zip"]
    made += copy_scripts(scripts)
    if bundle:
        made.append(Path(shutil.copyfile(bundle, out / CA_BUNDLE)))
    else:
        (out / CA_BUNDLE).unlink(missing_ok=True)
    for path in made:
        body = path.read_bytes()
        print(f"{hashlib.sha256(body).hexdigest()} {len(body):>12,} {path}")


def check_bundle(file: Path) -> None:
    """Raise InvalidBundle unless the file holds certificates in PEM."""
    try:
        ssl.create_default_context(cafile=file)
    except OSError as wrong:  # ssl.SSLError is one
        raise InvalidBundle(
            f"{file} cannot be read as certificates in PEM: {wrong}. Give the bundle of the"
            " authority that vouches for the databases."
        ) from None


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
