"""The status of everything that is polled, put together when somebody asks."""

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge, nsmallest
from typing import Final, Protocol

from exporter import __version__
from exporter.api.names import domain
from exporter.exposition.digest import most_urgent
from exporter.exposition.render import MetroPage
from exporter.logs import printable
from exporter.polling.metros import Polling
from exporter.polling.snapshot import Key
from exporter.status.metros import (
    GRADES,
    Metro,
    at,
    metro_status,
    most_severe,
    reasons,
    severities,
    thresholds,
)
from exporter.status.model import ConfigurationStatus, Grade, Status
from exporter.status.rows import LOOKED_AT, Entry, entry, matching, moment, order, rows
from exporter.status.summary import summary

MOST_ROWS: Final = 100
"""How many rows of certificates a page has."""

MOST_QUERY_CHARACTERS: Final = 253
"""The longest search: so long may a domain name be (RFC 1035, section 2.3.4)."""


class Loading(Protocol):
    """What is known of the loading of the configuration (`Telemetry`)."""

    @property
    def loaded_at(self) -> float: ...
    @property
    def refusal(self) -> str: ...


class Board:
    """Gives the status at any moment.

    `polling` gives the metros, of which there is at least one, `rendered` the newest page of each;
    `clock` gives Unix time.
    """

    def __init__(
        self,
        polling: Callable[[], Iterable[Polling]],
        rendered: Callable[[Key], MetroPage | None],
        loading: Loading,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._polling = polling
        self._rendered = rendered
        self._loading = loading
        self._clock = clock
        self._one_search = asyncio.Lock()

    def status(self) -> Status:
        """What needs attention, bounded: it takes the same time whatever the fleet."""
        metros = self._metros()
        entries = merge(*map(_most_urgent, metros), key=order)
        return self._status(metros, entries, _attended(metros), most=MOST_ROWS)

    async def search(self, query: str) -> Status:
        """The certificates, healthy ones too, whose name or domain holds the query.

        The search goes on in a thread, one at a time; an empty query is none.
        """
        query = query.strip()[:MOST_QUERY_CHARACTERS]
        if not query:
            return self.status()
        metros = self._metros()
        async with self._one_search:
            entries, count = await asyncio.to_thread(
                partial(_matching, metros, query, LOOKED_AT * MOST_ROWS)
            )
        return self._status(metros, entries, count, most=MOST_ROWS, query=query)

    def everything(self, query: str = "") -> Status:
        """All that needs attention, or all that matches: in proportion to the fleet."""
        metros = self._metros()
        if query:
            found, count = _matching(metros, query, None)
            return self._status(metros, found, count, most=None, query=query)
        entries = merge(*map(_all_urgent, metros), key=order)
        return self._status(metros, entries, _attended(metros), most=None)

    def _metros(self) -> list[Metro]:
        now = self._clock()
        return [at(polling, self._rendered(polling.plan.key), now) for polling in self._polling()]

    def _status(
        self,
        metros: Sequence[Metro],
        entries: Iterable[Entry],
        count: int,
        *,
        most: int | None,
        query: str = "",
    ) -> Status:
        now = self._clock()
        shown, held = rows(entries, now, most)
        each = [metro_status(metro, now) for metro in metros]
        leading = reasons(metros)
        return Status(
            version=__version__,
            now=moment(now),
            severity=most_severe((*self._grades(metros), *(metro.severity for metro in each))),
            summary=summary(each, leading, _seconds_left(metros, now)),
            query=printable(query),
            metros=tuple(sorted(each, key=lambda metro: GRADES.index(metro.severity))),
            certificates=tuple(shown),
            matching=count,
            more=count - held,
            total=sum(metro.certificates for metro in each),
            attention=severities(metros),
            thresholds=thresholds(metros),
            configuration=self._configuration(metros),
        )

    def _grades(self, metros: Sequence[Metro]) -> Iterator[Grade]:
        if self._loading.refusal:
            yield "warning"
        for (_, severity), number in reasons(metros).items():
            if number:
                yield severity

    def _configuration(self, metros: Sequence[Metro]) -> ConfigurationStatus:
        common = metros[0].polling.plan.configuration
        return ConfigurationStatus(
            loaded_at=moment(self._loading.loaded_at),
            refusal=printable(self._loading.refusal),
            interval_seconds=common.interval,
            stale_after_seconds=common.stale_after,
        )


def _attended(metros: Iterable[Metro]) -> int:
    """How many certificates need attention."""
    return sum(len(metro.page.judgement.attention) for metro in metros if metro.page)


def _most_urgent(metro: Metro) -> Iterator[Entry]:
    if metro.page:
        key, judgement = metro.page.snapshot.key, metro.page.judgement
        for urgency, place in metro.page.digest.urgent:
            yield entry(key, judgement, place, urgency)


def _all_urgent(metro: Metro) -> Iterator[Entry]:
    if metro.page:
        key, judgement = metro.page.snapshot.key, metro.page.judgement
        for urgency, place in most_urgent(judgement):
            yield entry(key, judgement, place, urgency)


def _seconds_left(metros: Iterable[Metro], now: float) -> float | None:
    """How long until the first critical certificate in use expires, where that is known."""
    ends = (metro.page.digest.next_end for metro in metros if metro.page)
    soonest = min((end for end in ends if end is not None), default=None)
    return None if soonest is None else max(0.0, soonest - now)


def _matching(metros: Iterable[Metro], query: str, most: int | None) -> tuple[list[Entry], int]:
    """The most urgent of the certificates that match, and how many match."""
    needles = tuple({query.lower(), domain(query)} - {""})
    numbers = itertools.count()
    entries = (
        item
        for metro in metros
        if metro.page
        for item in matching(metro.page.snapshot.key, metro.page.judgement, needles)
        if next(numbers) >= 0  # counts them as they pass
    )
    first = sorted(entries, key=order) if most is None else nsmallest(most, entries, key=order)
    return first, next(numbers)
