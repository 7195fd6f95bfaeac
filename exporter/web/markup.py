"""Pieces of HTML. Whatever comes from outside goes through `text`, and can do nothing there."""

import datetime as dt
from collections.abc import Iterable
from html import escape
from itertools import islice
from typing import Final

from exporter.logs import printable
from exporter.status.model import Grade
from exporter.status.words import count

_MOST_TITLE: Final = 1100

_GRADES: Final = {"critical": "Critical", "warning": "Warning", "info": "Info", "ok": "OK"}


def text(value: str, most: int = 80) -> str:
    """A text from outside: isolated from the direction of its neighbours, escaped, and cut.

    Characters that control the display are written as escapes. The whole is in the title.
    """
    shown = printable(value)
    if len(shown) <= most:
        return f"<bdi>{escape(shown)}</bdi>"
    title = shown[:_MOST_TITLE]
    return f'<bdi title="{escape(title)}">{escape(shown[: most - 1])}…</bdi>'


def listed(values: Iterable[str], total: int, most: int = 5, width: int = 40) -> str:
    """At most so many of `total` texts from outside, and how many are left."""
    texts = [text(value, width) for value in islice(values, most)]
    more = total - len(texts)
    return ", ".join(texts) + (f" and {more:,} more" if more > 0 else "")


def moment(at: dt.datetime | None, words: str) -> str:
    """Words for a moment, which is exact on hover."""
    if at is None:
        return words
    title = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{title}">{words}</time>'


def badge(grade: Grade, word: str = "") -> str:
    """A severity as a word, coloured."""
    return f'<span class="badge {grade}">{word or _GRADES[grade]}</span>'


def link(url: str, words: str, about: str = "") -> str:
    """A link to an address of ours; `about` says more to those who do not see its place."""
    label = f' aria-label="{words}: {about}" title="{about}"' if about else ""
    return f'<a href="{escape(url)}"{label}>{words}</a>'


def cell(label: str, content: str, kind: str = "") -> str:
    """A cell of a table, which on a narrow screen shows the label of its column."""
    return f'<td role="cell" data-label="{label}" class="{kind}">{content}</td>'


def fitting(rows: Iterable[str], budget: int) -> list[str]:
    """The first rows that together have at most so many characters."""
    kept: list[str] = []
    for row in rows:
        budget -= len(row)
        if budget < 0:
            break
        kept.append(row)
    return kept


def table(kind: str, label: str, columns: Iterable[tuple[str, str]], rows: Iterable[str]) -> str:
    """A table, with the name and the class of each column.

    The roles say what it is in whatever way it is laid out.
    """
    head = "".join(
        f'<th scope="col" role="columnheader" class="{css}">{name}</th>' for name, css in columns
    )
    return (
        f'<table role="table" class="{kind}" aria-label="{label}">\n'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{"".join(rows)}</tbody>\n</table>\n'
    )


def left(number: int, noun: str, hint: str = "") -> str:
    """How many are not shown, if any."""
    return f'<p class="quiet">… and {count(number, noun)} more{hint}.</p>\n' if number > 0 else ""
