"""A hint for a name that does not exist."""

from collections.abc import Collection
from difflib import get_close_matches


def nearest(name: str, valid: Collection[str]) -> str:
    """Return the valid name nearest to ``name`` as a question, or else all valid names."""
    if close := get_close_matches(name, valid, n=1):
        return f"did you mean '{close[0]}'?"
    return f"valid are: {', '.join(sorted(valid))}." if valid else "there are none."
