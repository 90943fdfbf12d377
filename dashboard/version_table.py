"""The versions of a row side by side, as an HTML table with every value escaped."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from dashboard import formatting
from dashboard.fact_row import FactRow, Labels
from dashboard.versions import Version, changed_columns


@dataclass(frozen=True)
class VersionTable:
    """A table with a column for each version and a row for each field; ``created`` is the verb for
    the first version. ``open_end`` describes until when the last version is valid."""

    row: FactRow
    created: str
    labels: Labels
    versions: Sequence[Version]
    open_end: str = "now"

    @property
    def changed_columns(self) -> list[str]:
        """The columns that changed between any two versions, in the order of the fact."""
        changed = changed_columns(self.versions)
        return [column for column in self.row.columns if column in changed]

    def html(
        self, shown: Sequence[Version], columns: Sequence[str], selected: Version | None
    ) -> str:
        """Return the table of some versions and fields; ``selected`` is highlighted."""
        head = "".join(self._head(version, version is selected) for version in shown)
        body = "".join(
            f"<tr><th scope=row>{escape(formatting.label(column))}</th>"
            + "".join(
                f'<td{_class(version is selected)} data-title="Version {version.number}">'
                f"<div>{self._cell(version, column)}</div></td>"
                for version in shown
            )
            + "</tr>"
            for column in columns
        )
        return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _head(self, version: Version, is_selected: bool) -> str:
        css_class = ' class="deleted"' if version.is_deleted else ""
        event = escape(version.describe(self.created))
        until = formatting.moment(version.valid_to) if version.valid_to else self.open_end
        return (
            f"<th scope=col{_class(is_selected)}>Version {version.number}"
            f'<span class="event"><span{css_class}>{event}</span></span>'
            f'<span class="note">{formatting.moment(version.valid_from)}<br>to {until}</span></th>'
        )

    def _cell(self, version: Version, column: str) -> str:
        text = self._text(version, column)
        if version.is_deleted:
            return f'<span class="deleted-value">{text}</span>'
        if column in version.changed:
            before = self.versions[self.versions.index(version) - 1]
            old = self._text(before, column)
            return f'<mark>{text}</mark><span class="note">was {old}</span>'
        return text

    def _text(self, version: Version, column: str) -> str:
        return escape(self.row.format(column, version.values, self.labels))


def _class(is_selected: bool) -> str:
    return ' class="selected"' if is_selected else ""
