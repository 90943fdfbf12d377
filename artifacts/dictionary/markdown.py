"""The few things of Markdown that a dictionary needs."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table, without the columns that say nothing in any row."""
    rows = [*rows]
    kept = [n for n in range(len(head)) if any(row[n] for row in rows)]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line[n] for n in kept)} |" for line in lines)


def prose(text: str) -> str:
    """A text as it stands, whatever Markdown could take it for."""
    for sign in "\\`*<|[":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("''", "`''`")  # a site would make one curly quote of the two


def code(name: str) -> str:
    """A name."""
    return f"`{name}`" if name else ""


def codes(names: Iterable[str]) -> str:
    """Names, with commas between."""
    return ", ".join(map(code, names))


def linked(table: str, names: Iterable[str]) -> str:
    """Columns of a table that has a section."""
    return f"{link(table)}: {codes(names)}"


def link(title: str) -> str:
    """A link to the section of that title, which is a name in lower case."""
    return f"[{title}](#{title.replace('.', '')})" if title else ""
