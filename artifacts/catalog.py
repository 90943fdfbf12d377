"""What Terraform's catalog module reads: the tables, and the queries that Athena offers.

``python -m artifacts.catalog`` writes it anew after a change of the contracts or the questions.
"""

import json
import re
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from artifacts.athena_questions import asked
from artifacts.views import views
from contracts import PlatformError, glue

ABOUT = """Write what Terraform's catalog module reads, anew: the tables that Athena knows, from
contracts, and the queries that it offers, from the warehouse's views and questions.

Run it after a change of those, and commit what it wrote: Terraform deploys every query in
terraform/modules/catalog/queries, so that those no longer made are removed there."""

EXAMPLES = """examples:
  python -m artifacts.catalog && git diff --stat terraform/modules/catalog"""

MODULE = Path(__file__).parents[1] / "terraform" / "modules" / "catalog"


def files() -> dict[str, str]:
    """The text of every generated file, by its path in the module."""
    named = {f"queries/{name}.sql": query for name, query in queries().items()}
    return {"tables.json": _spelled(glue.tables()), **named}


def main(argv: Sequence[str]) -> None:
    """Write them, and tell which."""
    ArgumentParser(
        "python -m artifacts.catalog",
        description=ABOUT,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    ).parse_args(argv)
    for path in write():
        print(path)


def write() -> list[Path]:
    """Write them, and remove the queries of before: Terraform deploys every one that is there.
    The paths of what was written."""
    generated = files()
    for query in (MODULE / "queries").glob("*.sql"):
        query.unlink()
    for path, text in generated.items():
        (MODULE / path).write_text(text, encoding="utf-8")
    return [MODULE / path for path in generated]


def queries() -> dict[str, str]:
    """The queries by name, in the SQL of Athena: the warehouse's views, and business questions."""
    return views() | asked()


def _spelled(tables: Mapping[str, Any]) -> str:
    """JSON with a line for each column."""
    text = json.dumps(tables, indent=2, ensure_ascii=False)
    return re.sub(r'\{\s+("name": .+)\s+(.+)\s+(.+)\s+\}', r"{ \1 \2 \3 }", text) + "\n"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except PlatformError as error:
        sys.stderr.write(f"artifacts.catalog: {error}\n")
        sys.exit(error.exit_code)
