"""What people are shown of a metro, counted and ordered when its poll ends.

A page for people is asked for at any moment and may take no time in proportion to the fleet.
"""

from collections import Counter
from collections.abc import Mapping
from heapq import nsmallest
from itertools import chain
from typing import Final, NamedTuple

from exporter.api.model import Unread
from exporter.judgement import COLOURS, REASONS, Attention, Judgement, Severity
from exporter.polling.snapshot import MetroSnapshot

MOST_URGENT: Final = 200
"""How many certificates of a metro are kept in the order of their urgency."""

_MOST_SKIPPED: Final = 5
_GRAVITY: Final = {severity: gravity for gravity, severity in enumerate(COLOURS)}
_ROW: Final = {reason.name: row for row, reason in enumerate(REASONS)}
_IMMINENT: Final = [_GRAVITY["critical"], _ROW["imminent"]]

Urgency = tuple[int, int, float]
"""Severity, row of the table and end of validity: the most severe sorts first, the healthy last."""


class Digest(NamedTuple):
    """One metro in short.

    `urgent` are the places of the most urgent certificates within the judgement, in order;
    `leading` counts certificates by the most severe reason of each. `skipped` counts by reason the
    items that could not be read, of which `examples` are the first; `unread_fields` by field.
    `next_end` is when the first that is in use and critical expires (Unix time), if that is known.
    """

    urgent: tuple[tuple[Urgency, int], ...]
    next_end: float | None
    leading: Mapping[tuple[str, Severity], int]
    skipped: Mapping[str, int]
    examples: tuple[Unread, ...]
    unread_fields: Mapping[str, int]


def digest(
    snapshot: MetroSnapshot, judgement: Judgement, *, before: Digest | None = None
) -> Digest:
    """The metro in short; `before` is that of the same judgement."""
    if before is None:
        urgent = tuple(most_urgent(judgement, MOST_URGENT))
        counted: Mapping[tuple[str, Severity], int] = Counter(
            map(leading, judgement.attention.values())
        )
    else:
        urgent, counted = before.urgent, before.leading
    ends = (end for (*kind, end), _ in urgent if kind == _IMMINENT)
    return Digest(
        urgent,
        next(ends, None),
        counted,
        Counter([item.reason for item in snapshot.unread]),
        snapshot.unread[:_MOST_SKIPPED],
        Counter(chain.from_iterable(c.unread for c in snapshot.odd)),
    )


def leading(attention: Attention) -> tuple[str, Severity]:
    """The most severe of a certificate's reasons, and of equals the first."""
    return min(attention, key=lambda reason: _GRAVITY[reason[1]])


def urgency(judgement: Judgement, place: int) -> Urgency:
    """How urgent the certificate in a place is; one never issued precedes those that expire."""
    end = judgement.certificates[place].not_after or 0.0
    attention = judgement.attention.get(place)
    if not attention:
        return len(_GRAVITY), 0, end
    name, severity = leading(attention)
    return _GRAVITY[severity], _ROW[name], end


def most_urgent(judgement: Judgement, most: int | None = None) -> list[tuple[Urgency, int]]:
    """The certificates that need attention, the most urgent first; all of them without `most`."""
    entries = ((urgency(judgement, place), place) for place in judgement.attention)
    return sorted(entries) if most is None else nsmallest(most, entries)
