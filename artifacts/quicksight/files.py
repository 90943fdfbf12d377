"""The files of the QuickSight definitions."""

import json
import re
from typing import Any

from pg8000.native import Connection

from artifacts.quicksight.data_sets import of_questions, of_views
from artifacts.quicksight.visuals import sheets
from warehouse import SCHEMA
from warehouse.questions import questions

NAMES = ("data_sets.json", "sheets.json", "queries")
"""The files and folders that are written; others in the same folder stay."""

PAIR = re.compile(r'\{\s+("(?:name|column)": .+)\s+("(?:type|aggregation)": .+)\s+\}')


def files(connection: Connection, schema: str = SCHEMA) -> dict[str, str]:
    """Return the text of every file by its path in the folder, with the column types of a migrated
    warehouse in ``schema``. Raises TypeWithoutName."""
    of_files = questions()
    data_sets = of_questions(connection, schema, of_files)
    definitions = {
        "questions": {name: data_set.definition() for name, data_set in data_sets.items()},
        "views": {name: view.definition() for name, view in of_views(connection, schema).items()},
    }
    return {
        "data_sets.json": _to_json(definitions),
        "sheets.json": _to_json(sheets(of_files, data_sets)),
        **{f"queries/{name}.sql": f"{data_sets[name].query}\n" for name in data_sets},
    }


def _to_json(definitions: Any) -> str:
    """Format as JSON with one line for each column."""
    text = json.dumps(definitions, indent=2, ensure_ascii=False)
    return PAIR.sub(r"{ \1 \2 }", text) + "\n"
