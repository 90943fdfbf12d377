"""The demo's tables as a terminal of 100 columns shows them."""

from collections.abc import Iterator
from itertools import pairwise

from rich.console import Console

from embedded.demo.tables import Arrival, arrivals_table

ARRIVALS = [
    Arrival("an order is placed", "order 9", {"payment": {"I": 1}}, {"fact_payment": 1}, 3.5),
    Arrival("it is edited", "order 9: units", {"payment": {"U": 1}}, {"fact_payment": 1}, 2.5),
]


def shown() -> list[str]:
    console = Console(width=100)
    with console.capture() as captured:
        console.print(arrivals_table(ARRIVALS))
        console.print("what comes next")
    return [line.strip() for line in captured.get().splitlines()]


def beside(lines: list[str], text: str) -> Iterator[tuple[str, str]]:
    """The lines that stand before and after the one that begins with the text."""
    padded = ["", *lines, ""]
    for before, (line, after) in zip(padded, pairwise(padded[1:]), strict=False):
        if line.startswith(text):
            yield before, after


def test_rule_stands_right_under_the_heading_and_changes_stand_apart():
    lines = shown()
    [(heading, first)] = beside(lines, "───")
    assert heading.startswith("what happened in the source")
    assert first.startswith("an order is placed")
    [(before, _)] = beside(lines, "it is edited")
    assert before == ""


def test_promise_stands_apart_from_what_comes_next():
    [(_, after)] = beside(shown(), "promised: 30 min")
    assert after == ""
