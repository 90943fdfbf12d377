"""The findings as lines of a terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from textwrap import fill

from rich.text import Text

from operations.preflight.check import Finding, Result
from operations.screen import RED, YELLOW, console

STYLES = {Result.OK: "green", Result.FAILED: RED, Result.NOT_CHECKED: YELLOW}
LABELS = {Result.OK: "OK", Result.FAILED: "FAILED", Result.NOT_CHECKED: "-"}
CHECK, RESULT = 24, 8  # columns


def show_findings(findings: Iterable[Finding]) -> Sequence[Finding]:
    """Print each finding as it comes, then their counts; return them all."""
    screen, shown = console(), []
    for finding in findings:
        screen.print(_line(finding, screen.width))
        shown.append(finding)
    counts = Counter(finding.result for finding in shown)
    screen.print(
        f"\n{len(shown)} checks: {counts[Result.OK]} OK, {counts[Result.FAILED]} failed,"
        f" {counts[Result.NOT_CHECKED]} not checked (-)."
    )
    return shown


def _line(finding: Finding, width: int) -> Text:
    start = f"{finding.check:{CHECK}}{LABELS[finding.result]:{RESULT}}"
    text = fill(
        finding.text,
        width,
        initial_indent=" " * len(start),
        subsequent_indent=" " * len(start),
        break_on_hyphens=False,
    )
    line = Text(start + text[len(start) :])
    line.stylize(STYLES[finding.result], CHECK, CHECK + RESULT)
    return line
