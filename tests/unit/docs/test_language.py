"""The English of code and documents: the field's terms, and sentences that start with a verb or a
subject. CONTRIBUTING.md has the rules, docs/glossary.md the terms that the project coins."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SUFFIXES = {".py", ".sql", ".md", ".tf", ".hcl", ".toml", ".yml", ".json", ""}
EXEMPT = (
    "LICENSE",
    "requirements/",  # compiled
    "tests/unit/docs/test_language.py",  # it names the words
    "totesys/migrations/",  # an applied migration is never edited
    "warehouse/migrations/",
)

INSTEAD = {
    r"(set|sets|setting|kept|keeps|stays?|stayed) (it |them |rows )?apart|\baside\b": "quarantine",
    r"\b(bury|buries|buried)\b": "tombstone",
    r"\babreast\b": "concurrently",
    r"\bjudg(e|es|ed|ing)\b": "validate",
    r"\bhappenings?\b": "change, event, scenario",
    r"\b(mend|mends|mended|mending)\b": "fix, repair",
    r"\banew\b": "again, new",
    r"\b(tell|tells|told) of\b": "describe, report",
    r"(?<!there )\b(is|are|was|were) no (?!longer|more|less|such)\w": "is not a, cannot, has no",
    r"\bnothing of\b": "none of, no part of",
    r"\b(is|are|was|were) to (be|have|do|make|run|know|hold|get|leave)\b": "must, should",
    r"\bwho(ever)? must act\b": "the person who must act",
    r"\b(spell|spells|spelled|spelling)\b": "write, format",
    r"\bbreakers?\b": "guard",
    r"\b(go|goes|going|went) on\b": "continue",
    r"\b(hold|holds|holding|held) up\b": "block, delay",
    r"\black(s|ed|ing)?\b": "does not have, is missing",
    r"\b(stands|stood)\b": "is, means",
    r"\bwhoever\b": "the person who",
    r"\b(nobody|somebody) (can|could|has|had|is|knows|may|must|was|who)\b": "no one, a person who",
    r"\b(made|make|makes|making) (\w+ )?(again|anew)\b": "recreate, rebuild, repeat",
    r"\b(for|from|of|on|than|to|with) (ours|theirs)\b": "our rows, their code",
}
"""What the project does not write, and what it writes instead."""

RIDDLES = re.compile(
    r"(What|Of (what|those|each|several|many)|Where|How|Which|Who|Whose|Since when|In what)\b"
)
"""Beginnings of a docstring that hide its subject: it starts with a verb, or with the subject."""


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file that the rules apply to."""
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if path.suffix in SUFFIXES and path.is_file() and not name.startswith(EXEMPT):
            yield name, path.read_text(encoding="utf-8", errors="replace")


TEXTS = dict(texts())


@pytest.mark.parametrize("banned", INSTEAD)
def test_files_use_the_terms_of_the_field(banned: str):
    pattern = re.compile(banned, re.IGNORECASE)
    found = [
        f"{name}:{text[: match.start()].count(chr(10)) + 1}: {match[0]!r}"
        for name, text in TEXTS.items()
        for match in pattern.finditer(text)
    ]
    assert not found, f"Write instead: {INSTEAD[banned]}\n" + "\n".join(found)


def test_docstrings_start_with_a_verb_or_a_subject():
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = [
        f"{name}: {doc.splitlines()[0]}"
        for name, text in TEXTS.items()
        if name.endswith(".py")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, kinds) and (doc := ast.get_docstring(node)) and RIDDLES.match(doc)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("banned", INSTEAD)
def test_every_rule_can_be_broken(banned: str):
    samples = (
        "rows set apart", "they are buried", "sixteen abreast", "is judged", "a happening",
        "mended", "written anew", "tells of a row", "it is no lake", "nothing of it", "it is to be",
        "who must act", "as it is spelled", "the breaker", "it goes on", "holds up a row",
        "a row lacks it", "as it stands", "whoever asks", "nobody may", "made again", "one of ours",
    )  # fmt: skip
    assert any(re.search(banned, sample) for sample in samples)
