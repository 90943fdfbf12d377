"""The definitions of Athena's names: its views, which a job creates, and the saved queries with a
parameter, which Terraform creates. Terraform also takes the name of the source from them.

``python -m artifacts`` writes them to ``build/catalog``; ``python -m artifacts.catalog`` writes
nothing else.
"""

import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

import contracts
from artifacts.athena import athena_views, saved_queries
from artifacts.folder import replaced, write_texts
from contracts import PlatformError

ABOUT = """Write the definitions of the names that Athena answers: its views and saved queries, from
the views and questions of the warehouse.

`python -m artifacts` writes them too, beside everything else that Terraform deploys."""

EXAMPLES = """examples:
  python -m artifacts.catalog                     to build/catalog
  python -m artifacts.catalog --out /tmp/catalog"""

NAMES = ("views.json", "queries")
"""The files and folders that are written; others in the same folder stay."""


def main(argv: Sequence[str]) -> None:
    """Write the definitions, and print the path of each file."""
    out = _parser().parse_args(argv).out
    with replaced(out, NAMES) as folder:
        written = write(folder)
    for name in written:
        print(out / name)


def write(folder: Path) -> list[str]:
    """Write the definitions into an empty folder, and return their paths in it."""
    return write_texts(folder, files())


def files() -> dict[str, str]:
    """Return the text of every file by its path in the folder."""
    queries = {f"queries/{name}.sql": query for name, query in saved_queries().items()}
    views = {"source": contracts.source().name, "views": athena_views()}
    return {"views.json": json.dumps(views, indent=1, ensure_ascii=False) + "\n", **queries}


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        "python -m artifacts.catalog",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    default = Path("build/catalog")
    parser.add_argument(
        "--out", type=Path, default=default, metavar="DIR", help=f"output folder ({default})"
    )
    return parser


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlatformError as error:
        sys.stderr.write(f"artifacts.catalog: {error}\n")
        sys.exit(error.exit_code)
