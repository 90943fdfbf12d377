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
CLEAN: tuple[str, ...] = (
    ".ci",
    ".github",
    ".pre-commit-config.yaml",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Makefile",
    "README.md",
    "artifacts",
    "benchmarks",
    "contracts",
    "dashboard",
    "docs",
    "embedded",
    "glue_jobs",
    "ingestion_lambda",
    "lake",
    "operations",
    "postgres",
    "pyproject.toml",
    "terraform",
    "tests/athena",
    "tests/cloud",
    "tests/conftest.py",
    "tests/e2e",
    "tests/integration/artifacts",
    "tests/integration/dashboard",
    "tests/integration/docs",
    "tests/integration/embedded",
    "tests/integration/glue_jobs",
    "tests/integration/ingestion_lambda",
    "tests/integration/operations",
    "tests/integration/postgres",
    "tests/integration/totesys",
    "tests/integration/warehouse",
    "tests/lake_builder.py",
    "tests/pages.py",
    "tests/processed.py",
    "tests/terraform",
    "tests/unit",
    "totesys/contracts",
    "totesys/dashboard",
    "totesys/demo",
    "totesys/questions",
    "totesys/simulator",
    "warehouse/__init__.py",
    "warehouse/__main__.py",
    "warehouse/columns.py",
    "warehouse/command.py",
    "warehouse/comments.py",
    "warehouse/errors.py",
    "warehouse/latest_versions.py",
    "warehouse/migrate.py",
    "warehouse/migrate_warehouse.py",
    "warehouse/plan.py",
    "warehouse/questions.py",
    "warehouse/recreate_views.py",
    "warehouse/roles.py",
    "warehouse/schema_check.py",
    "warehouse/templates.py",
    "warehouse/views",
)
"""Folders and files that follow the rules."""

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

RIDDLES = re.compile(r"(What|Of what|Where it is|Of those|Of each|Of several|Of many)\b")
"""Beginnings of a docstring: it starts with a verb, or with the subject."""


def tracked() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in listed.stdout.splitlines():
        is_text = Path(name).suffix in SUFFIXES and not name.startswith("requirements/")
        if is_text and (ROOT / name).is_file() and name != "tests/unit/docs/test_language.py":
            yield name


def is_clean(name: str) -> bool:
    return any(name == place or name.startswith(f"{place}/") for place in CLEAN)


FILES = [name for name in tracked() if is_clean(name)]


@pytest.mark.parametrize("name", FILES)
def test_file_uses_the_terms_of_the_field(name: str):
    text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
    found = [
        f"{name}:{text[: match.start()].count(chr(10)) + 1}: {match[0]!r}; write: {instead}"
        for banned, instead in INSTEAD.items()
        for match in re.finditer(banned, text, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".py")])
def test_docstrings_start_with_a_verb_or_a_subject(name: str):
    tree = ast.parse((ROOT / name).read_text(encoding="utf-8"))
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    docs = (ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, kinds))
    found = [doc.splitlines()[0] for doc in docs if doc and RIDDLES.match(doc)]
    assert not found, f"{name}: {found}"


@pytest.mark.parametrize("banned", INSTEAD)
def test_every_rule_can_be_broken(banned: str):
    samples = (
        "rows set apart", "they are buried", "sixteen abreast", "is judged", "a happening",
        "mended", "written anew", "tells of a row", "it is no lake", "nothing of it", "it is to be",
        "who must act", "as it is spelled", "the breaker", "it goes on", "holds up a row",
        "a row lacks it", "as it stands", "whoever asks", "nobody may", "made again", "one of ours",
    )  # fmt: skip
    assert any(re.search(banned, sample) for sample in samples)
