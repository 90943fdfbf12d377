"""The generated files of Terraform's QuickSight modules."""

import json
import re
from pathlib import Path
from typing import Any

from pg8000.native import Connection

from artifacts.quicksight.data_sets import of_questions, of_views
from artifacts.quicksight.visuals import sheets
from warehouse import SCHEMA
from warehouse.questions import questions

MODULES = Path(__file__).parents[2] / "terraform" / "modules"
QUERIES = "quicksight/queries"
PAIR = re.compile(r'\{\s+("(?:name|column)": .+)\s+("(?:type|aggregation)": .+)\s+\}')


def files(connection: Connection, schema: str = SCHEMA) -> dict[str, str]:
    """The text of every generated file, by its path below MODULES, for a warehouse in ``schema``
    that has the types of this version. Raises TypeWithoutName."""
    asked = questions()
    data_sets = of_questions(connection, schema, asked)
    told = {
        "questions": {name: data_set.told() for name, data_set in data_sets.items()},
        "views": {name: view.told() for name, view in of_views(connection, schema).items()},
    }
    return {
        "quicksight/data_sets.json": _spelled(told),
        "quicksight_template/sheets.json": _spelled(sheets(asked, data_sets)),
        **{f"{QUERIES}/{name}.sql": f"{data_sets[name].query}\n" for name in data_sets},
    }


def write(connection: Connection, schema: str = SCHEMA) -> None:
    """Write them, and remove the queries of before: Terraform deploys every one that is there."""
    generated = files(connection, schema)
    (MODULES / QUERIES).mkdir(parents=True, exist_ok=True)
    for query in (MODULES / QUERIES).glob("*.sql"):
        query.unlink()
    for path, text in generated.items():
        (MODULES / path).write_text(text, encoding="utf-8")


def _spelled(told: Any) -> str:
    """JSON with a line for each column."""
    text = json.dumps(told, indent=2, ensure_ascii=False)
    return PAIR.sub(r"{ \1 \2 }", text) + "\n"
