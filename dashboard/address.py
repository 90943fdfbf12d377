"""The state of a page in its address: the filters, the choices, the row and the moment shown.

The query parameters are the state. A widget shows the value of its parameter and writes it back
when a person changes it; nothing else remembers it. A reload keeps the state, a link shares it, and
Back returns to it. An unknown or invalid value counts as the default, which is not written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import streamlit as st

T = TypeVar("T")
Texts = list[str]

ON, OFF = "yes", "no"
MAX_DAYS = 2


@dataclass(frozen=True)
class Parameter(Generic[T]):
    """A query parameter: its name, its default, and how its value is read from texts and written
    as texts. ``read`` raises ValueError for an invalid value."""

    name: str
    default: T
    read: Callable[[Texts], T]
    write: Callable[[T], Texts]

    @property
    def value(self) -> T:
        """The value in the address, or the default."""
        texts = st.query_params.get_all(self.name)
        try:
            return self.read(texts) if texts else self.default
        except ValueError:
            return self.default

    def texts(self, value: T) -> Texts:
        """Return the value as texts; the default has none."""
        return [] if value == self.default else self.write(value)

    def bound(self, forget: Sequence[str] = ()) -> dict[str, Any]:
        """Return the arguments of a widget that shows and changes this parameter. A change removes
        the parameters ``forget`` from the address."""
        missing = object()
        if st.session_state.get(self.name, missing) != self.value:
            st.session_state[self.name] = self.value
        return {"key": self.name, "on_change": self._store, "args": (forget,)}

    def _store(self, forget: Sequence[str]) -> None:
        texts = self.texts(st.session_state[self.name])
        change({**{name: [] for name in forget}, self.name: texts})


def change(values: Mapping[str, Texts]) -> None:
    """Write parameters into the address, as one step of the browser's history. Those without a
    text are removed."""
    before = {name: st.query_params.get_all(name) for name in st.query_params}
    after = {name: texts for name, texts in {**before, **values}.items() if texts}
    if after != before:
        st.query_params.from_dict(after)


def one_of(name: str, options: Sequence[T], default: T) -> Parameter[T]:
    """Return a parameter with one of the options, written as text."""
    by_text = {str(option): option for option in options}

    def read(texts: Texts) -> T:
        if texts[-1] not in by_text:
            raise ValueError(texts)
        return by_text[texts[-1]]

    return Parameter(name, default, read, lambda option: [str(option)])


def some_of(name: str, options: Sequence[T]) -> Parameter[list[T]]:
    """Return a parameter with any number of the options; those that do not exist are left out."""
    by_text = {str(option): option for option in options}
    return Parameter(
        name,
        [],
        lambda texts: [by_text[text] for text in dict.fromkeys(texts) if text in by_text],
        lambda selected: [str(option) for option in selected],
    )


def text(name: str) -> Parameter[str]:
    """Return a parameter with any text."""
    return Parameter(name, "", lambda texts: texts[-1], lambda value: [value])


def flag(name: str, default: bool) -> Parameter[bool]:
    """Return a parameter that is yes or no."""
    return Parameter(
        name, default, lambda texts: texts[-1] == ON, lambda value: [ON if value else OFF]
    )


def days(name: str, default: tuple[date, ...], first: date, last: date) -> Parameter[Any]:
    """Return a parameter with a first and a last day, or with one day while the second is not
    selected yet. The part before ``first`` or after ``last`` is left out; without a day between
    them the value is invalid."""

    def read(texts: Texts) -> tuple[date, ...]:
        value = tuple(map(date.fromisoformat, texts[-1].split("..")))
        if len(value) > MAX_DAYS or list(value) != sorted(value):
            raise ValueError(texts)
        if value[-1] < first or value[0] > last:
            raise ValueError(texts)
        return tuple(min(max(day, first), last) for day in value)

    return Parameter(name, default, read, lambda value: ["..".join(map(str, value))])


def moment(name: str, default: T) -> Parameter[datetime | T]:
    """Return a parameter with a time without a zone, in ISO 8601."""
    return Parameter(name, default, _moment, lambda value: [_iso(value)])


def _iso(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else ""


def _moment(texts: Texts) -> datetime:
    value = datetime.fromisoformat(texts[-1])
    if value.tzinfo:
        raise ValueError(texts)
    return value


def kept(names: Sequence[str]) -> dict[str, Texts]:
    """Return the parameters with these names that the address has."""
    values = {name: st.query_params.get_all(name) for name in names}
    return {name: texts for name, texts in values.items() if texts}


def link(path: str, kept_names: Sequence[str], **parameters: str) -> str:
    """Return a relative URL of a page with these parameters, and with those that are kept."""
    return f"{path}?{urlencode({**kept(kept_names), **parameters}, doseq=True)}"
