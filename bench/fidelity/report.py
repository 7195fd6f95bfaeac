"""The verdict as a table for people."""

from collections import Counter
from collections.abc import Iterator, Mapping
from statistics import median
from typing import NamedTuple

from bench.fidelity.verdict import Score

_DAY, _HOUR = 86_400, 3_600


class Row(NamedTuple):
    """One kind of lifecycle: how many there were, and what each set of rules did."""

    kind: str
    lifecycles: int
    ours: Score
    fixed: Score | None


def rows(
    counts: Counter[str], ours: Mapping[str, Score], fixed: Mapping[str, Score]
) -> Iterator[Row]:
    """A row for each kind."""
    for kind, count in counts.items():
        yield Row(kind, count, ours.get(kind, Score()), fixed.get(kind))


def table(found: list[Row]) -> str:
    """Markdown, with a sum; the fixed-day pair stands beside the shipped rules."""
    total = Row(
        "**all**",
        sum(row.lifecycles for row in found),
        sum((row.ours for row in found), Score()),
        sum((row.fixed for row in found if row.fixed), Score()),
    )
    head = (
        "| lifecycle | n | false | missed | overlap | shortest lead | median lead "
        "| fixed: false | fixed: missed | fixed: overlap | fixed: shortest lead |\n"
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
    )
    return head + "".join(_line(row) for row in [*found, total])


def _line(row: Row) -> str:
    ours, fixed = row.ours, row.fixed
    cells = [
        row.kind,
        str(row.lifecycles),
        str(ours.false),
        str(ours.missed),
        str(ours.overlapping),
        _lead(ours, min),
        _lead(ours, median),
    ]
    cells += (
        [str(fixed.false), str(fixed.missed), str(fixed.overlapping), _lead(fixed, min)]
        if fixed
        else ["", "", "", ""]
    )
    return f"| {' | '.join(cells)} |\n"


def _lead(score: Score, of: object) -> str:
    """How early an expiry in use was announced; empty where none happened."""
    if not score.impacts:
        return ""
    if not score.leads:
        return "never"
    seconds = float(of(score.leads))  # type: ignore[operator]
    return f"{seconds / _DAY:.1f} d" if seconds >= 2 * _DAY else f"{seconds / _HOUR:.1f} h"
