"""The definitions that Terraform's catalog module reads: tables, and the queries of Athena.

``python -m artifacts`` writes them to ``build/catalog``; ``python -m artifacts.catalog`` writes
nothing else.
"""

import json
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artifacts.athena_questions import athena_questions
from artifacts.folder import replaced, write_texts
from artifacts.views import views
from contracts import PlatformError, glue

ABOUT = """Write the definitions that Terraform's catalog module reads: Athena's tables, from the
contracts, and its saved queries, from the views and questions of the warehouse.

`python -m artifacts` writes them too, beside everything else that Terraform deploys."""

EXAMPLES = """examples:
  python -m artifacts.catalog                     to build/catalog
  python -m artifacts.catalog --out /tmp/catalog"""

NAMES = ("tables.json", "queries")
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
    texts = {f"queries/{name}.sql": query for name, query in queries().items()}
    return {"tables.json": _to_json(glue.tables()), **texts}


def queries() -> dict[str, str]:
    """Return the queries by name, in the SQL of Athena: views of the warehouse and questions."""
    return views() | athena_questions()


def _to_json(tables: Mapping[str, Any]) -> str:
    """Format as JSON with one line for each column."""
    text = json.dumps(tables, indent=2, ensure_ascii=False)
    return re.sub(r'\{\s+("name": .+)\s+(.+)\s+(.+)\s+\}', r"{ \1 \2 \3 }", text) + "\n"


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
