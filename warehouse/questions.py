"""Business questions to the warehouse: one SQL file each, with what it means in its header.

A question is one SELECT in PostgreSQL without a semicolon. It names views without a schema, so
``search_path`` must lead to the warehouse's. It reads the views, the dimensions and the ledger, as
the role warehouse_reader may, and takes no parameters: "today" is the day on which the last loaded
batch saw the source, so that an answer depends on the warehouse alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

from contracts.project import project_folder
from warehouse.errors import QuestionMalformed

Theme = Literal["sales", "purchases", "payments", "platform"]
THEMES: tuple[str, ...] = get_args(Theme)

REQUIRED = {"title", "why", "look at", "theme"}
FIELD = re.compile(r"-- (?P<field>title|why|look at|theme|athena): (?P<text>.+)")
CONTINUED = re.compile(r"-- (?P<text>.+)")
NOT_IN_ATHENA = re.compile(r"no, because (?P<reason>.+)")


@dataclass(frozen=True)
class Question:
    """A question: ``sql`` is the whole file, comments included. ``not_in_athena`` says why the lake
    cannot answer it, or is '' where it can."""

    name: str
    title: str
    why: str
    look_at: str
    theme: Theme
    sql: str
    not_in_athena: str = ""


def questions() -> Mapping[str, Question]:
    """Every question by its name, which is that of its file; themes in the order of THEMES, and
    names in that of the alphabet. Raises QuestionMalformed."""
    paths = (path for path in project_folder("questions").iterdir() if path.name.endswith(".sql"))
    found = [parse(p.name.removesuffix(".sql"), p.read_text(encoding="utf-8")) for p in paths]
    found.sort(key=lambda question: (THEMES.index(question.theme), question.name))
    return {question.name: question for question in found}


def parse(name: str, text: str) -> Question:
    """The question in a file's text. Raises QuestionMalformed."""
    fields = _header(name, text)
    if missing := sorted(REQUIRED - fields.keys()):
        raise _malformed(name, f"lacks '-- {missing[0]}: …' in its header")
    if fields["theme"] not in THEMES:
        raise _malformed(name, f"has the theme '{fields['theme']}'; themes are {', '.join(THEMES)}")
    excluded = NOT_IN_ATHENA.fullmatch(fields.get("athena", ""))
    if "athena" in fields and not excluded:
        raise _malformed(name, "must say 'athena: no, because …', or nothing of it")
    if ";" in _without_comments(text):
        raise _malformed(name, "has a semicolon; it is one SELECT, which others may embed")
    if "order by" not in _without_comments(text).lower():
        raise _malformed(name, "has no ORDER BY; its answer must not come in any order")
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
    """The fields of the comments that a file begins with; a line that begins none goes on with the
    one before."""
    fields: dict[str, str] = {}
    field = ""
    for line in text.splitlines():
        if begun := FIELD.fullmatch(line):
            field = begun["field"]
            if field in fields:
                raise _malformed(name, f"has '{field}' twice")
            fields[field] = begun["text"].strip()
        elif field and (continued := CONTINUED.fullmatch(line)):
            fields[field] += f" {continued['text'].strip()}"
        else:
            break
    return fields


def _without_comments(text: str) -> str:
    return "\n".join(line.partition("--")[0] for line in text.splitlines())


def _malformed(name: str, what: str) -> QuestionMalformed:
    return QuestionMalformed(
        f"totesys/questions/{name}.sql {what}. The docstring of warehouse.questions and the files"
        " beside it show the form."
    )
