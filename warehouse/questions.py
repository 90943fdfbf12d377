"""Business questions: one SQL file each, with title and explanation in its header.

A question is one SELECT of PostgreSQL without a semicolon. It names views without a schema, so
``search_path`` must contain that of the warehouse. It reads views, dimensions and the ledger, as
the role warehouse_reader can, and has no parameters: "today" is the day on which the last loaded
batch observed the source, so that the answer depends on the warehouse alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from contracts.project import PROJECT, project_folder
from warehouse.errors import QuestionMalformed

Theme = Literal["sales", "purchases", "payments", "platform"]
THEMES: tuple[str, ...] = get_args(Theme)

REQUIRED = {"title", "why", "look at", "theme"}
FIELD = re.compile(r"-- (?P<field>title|why|look at|theme|athena): (?P<text>.+)")
CONTINUED = re.compile(r"-- (?P<text>.+)")
NOT_IN_ATHENA = re.compile(r"no, because (?P<reason>.+)")


@dataclass(frozen=True)
class Question:
    """A question. ``sql`` is the whole file, comments included. ``not_in_athena`` is the reason why
    Athena cannot answer it, or '' if it can."""

    name: str
    title: str
    why: str
    look_at: str
    theme: Theme
    sql: str
    not_in_athena: str = ""


def questions() -> Mapping[str, Question]:
    """Return every question by the name of its file, sorted by theme (as in THEMES) and by name.
    Raises QuestionMalformed."""
    paths = (path for path in project_folder("questions").iterdir() if path.name.endswith(".sql"))
    parsed = [parse(p.name.removesuffix(".sql"), p.read_text(encoding="utf-8")) for p in paths]
    parsed.sort(key=lambda question: (THEMES.index(question.theme), question.name))
    return {question.name: question for question in parsed}


def parse(name: str, text: str) -> Question:
    """Parse the text of a file. Raises QuestionMalformed."""
    fields = _header(name, text)
    if missing := sorted(REQUIRED - fields.keys()):
        raise _malformed(name, f"has no '-- {missing[0]}: …' in its header")
    if fields["theme"] not in THEMES:
        raise _malformed(name, f"has the theme '{fields['theme']}'; themes are {', '.join(THEMES)}")
    excluded = NOT_IN_ATHENA.fullmatch(fields.get("athena", ""))
    if "athena" in fields and not excluded:
        raise _malformed(name, "must say 'athena: no, because …' if it has an 'athena' line")
    if ";" in _without_comments(text):
        raise _malformed(
            name, "has a semicolon; a question is one SELECT, which other queries embed"
        )
    if "order by" not in _without_comments(text).lower():
        raise _malformed(name, "has no ORDER BY; the order of its answer must be defined")
    return Question(
        name,
        fields["title"],
        fields["why"],
        fields["look at"],
        cast(Theme, fields["theme"]),
        text,
        excluded["reason"] if excluded else "",
    )


def _header(name: str, text: str) -> dict[str, str]:
    """Return the fields of the leading comments; a line without a field name continues the previous
    field."""
    fields: dict[str, str] = {}
    field = ""
    for line in text.splitlines():
        if start := FIELD.fullmatch(line):
            field = start["field"]
            if field in fields:
                raise _malformed(name, f"has '{field}' twice")
            fields[field] = start["text"].strip()
        elif field and (continued := CONTINUED.fullmatch(line)):
            fields[field] += f" {continued['text'].strip()}"
        else:
            break
    return fields


def _without_comments(text: str) -> str:
    return "\n".join(line.partition("--")[0] for line in text.splitlines())


def _malformed(name: str, problem: str) -> QuestionMalformed:
    return QuestionMalformed(
        f"{PROJECT}/questions/{name}.sql {problem}. To fix: follow the docstring of"
        " warehouse.questions and the other files in the folder."
    )
