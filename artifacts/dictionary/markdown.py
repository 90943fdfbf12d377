"""Markdown formatting of the dictionary."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table, without columns that are empty in every row."""
    rows = [*rows]
    kept = [n for n in range(len(head)) if any(row[n] for row in rows)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line[n] for n in kept)} |" for line in lines)


def prose(text: str) -> str:
    """Escape a text, so that Markdown shows it unchanged."""
    for sign in "\\`*<|[":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("''", "`''`")  # otherwise the site shows one curly quote


def code(name: str) -> str:
    """Format a name."""
    return f"`{name}`" if name else ""


def codes(names: Iterable[str]) -> str:
    """Format names, separated by commas."""
    return ", ".join(map(code, names))


def linked(table: str, names: Iterable[str]) -> str:
    """Format columns of a table, with a link to its section."""
    return f"{link(table)}: {codes(names)}"


def link(title: str) -> str:
    """Format a link to the section with this title, a name in lower case."""
    return f"[{title}](#{title.replace('.', '')})" if title else ""
