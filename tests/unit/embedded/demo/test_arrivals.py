"""The demo's table of arrivals on a terminal of 100 columns."""

from collections.abc import Iterator
from itertools import pairwise

from rich.console import Console

from embedded.demo.arrivals import Arrival, arrivals_table

ARRIVALS = [
    Arrival("an order is placed", "order 9", {"payment": {"I": 1}}, {"fact_payment": 1}, 3.5),
    Arrival("it is edited", "order 9: units", {"payment": {"U": 1}}, {"fact_payment": 1}, 2.5),
]


def printed() -> list[str]:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(arrivals_table(ARRIVALS))
        console.print("the next text")
    return [line.strip() for line in captured.get().splitlines()]


def around(lines: list[str], text: str) -> Iterator[tuple[str, str]]:
    """Yield the lines before and after each line that begins with the text."""
    padded = ["", *lines, ""]
    for before, (line, after) in zip(padded, pairwise(padded[1:]), strict=False):
        if line.startswith(text):
            yield before, after


def test_rule_is_directly_under_the_heading_and_an_empty_line_is_between_changes():
    lines = printed()
    [(heading, first)] = around(lines, "───")
    assert heading.startswith("change in the source")
    assert first.startswith("an order is placed")
    [(before, _)] = around(lines, "it is edited")
    assert before == ""


def test_an_empty_line_follows_the_promise():
    [(_, after)] = around(printed(), "promised: 30 min")
    assert after == ""
