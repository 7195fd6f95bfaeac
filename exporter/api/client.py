"""One metro's certificates, in one request or in batches; what did not change is not read again."""

import asyncio
import hashlib
import re
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from exporter.api.details import Details
from exporter.api.exchange import Answer, Exchange
from exporter.api.items import Chunk
from exporter.api.model import Certificate
from exporter.api.protocol import (
    EVERYTHING,
    LIST,
    LIST_WITHOUT_DETAILS,
    Listing,
    Reading,
    asked_for,
    batches,
    missing,
    read,
    read_list,
)
from exporter.config import Shard
from exporter.errors import PollError
from exporter.loop import Aside, Steps, in_turn

BATCHES_IN_FLIGHT: Final = 4

_ETAG: Final = re.compile(r'(?:W/)?"[!#-~]{1,200}"', re.ASCII)


class Client:
    """Reads one metro by its `exchange`.

    `passes` decides which certificates are kept, `shard` which are asked for in batches.
    `aside` does off the event loop what takes long. `clock` gives Unix time.
    Every method raises `PollError` where the metro could not be read.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        clock: Callable[[], float] = time.time,
        passes: Callable[[Certificate], bool] | None = None,
        shard: Shard = Shard(),
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self._exchange = exchange
        self._details = Details(exchange)
        self._clock = clock
        self._list = LIST
        self._shard = shard
        self._aside = aside
        self._passes = passes
        self._last: _Bulk | None = None
        self._batches: list[Reading] = []

    async def bulk(self) -> Reading:
        """Every certificate, by one request.

        An answer equal to the last one gives the same reading, the very object.
        """
        last = self._last
        answer = await self._exchange.get(EVERYTHING, last.etag if last else "")
        if answer.status == 304 and last and last.etag:
            return last.reading
        return await in_turn(self._aside, self._compared(answer))

    def _compared(self, answer: Answer) -> Steps[Reading]:
        digest = hashlib.sha256(answer.body).digest()
        if self._last and (answer.status, digest) == (200, self._last.digest):
            reading = self._last.reading
        else:
            known = self._last.reading.chunks if self._last else ()
            reading = yield from self._read(known, answer)
        etag = answer.headers.get("etag", "")
        self._last = _Bulk(etag if _ETAG.fullmatch(etag) else "", digest, reading)
        return reading

    async def batched(self) -> Reading:
        """The shard's certificates: the list first, then details in batches, several in flight."""
        listing = await self._listing()
        in_flight = asyncio.Semaphore(BATCHES_IN_FLIGHT)
        before = self._batches

        async def fetch(place: int, uuids: list[str]) -> Reading:
            known = before[place].chunks if place < len(before) else ()
            async with in_flight:
                answers = await self._details.get(uuids)
                reading = await in_turn(self._aside, self._read_parts(known, answers))
            reading = asked_for(uuids, reading)
            return reading._replace(unread=reading.unread + missing(uuids, reading))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(fetch(place, uuids))
                    for place, uuids in enumerate(batches(listing.uuids))
                ]
        except* PollError as errors:
            raise errors.exceptions[0] from None
        self._batches = [task.result() for task in tasks]
        whole = _together(self._batches)
        return whole._replace(
            listed=len(listing.uuids) + len(listing.unread), unread=listing.unread + whole.unread
        )

    async def _listing(self) -> Listing:
        answer = await self._exchange.get(self._list)
        if self._list is LIST and answer.status in (404, 405):
            self._list = LIST_WITHOUT_DETAILS  # the second generation: this will not change back
            answer = await self._exchange.get(self._list)
        listing = await in_turn(self._aside, read_list(answer, now=self._clock()))
        holds = self._shard.holds
        return Listing(
            tuple(uuid for uuid in listing.uuids if holds(uuid)),
            # What has no uuid is the first shard's: the checksum of nothing is 0.
            tuple(item for item in listing.unread if holds(item.uuid)),
        )

    def _read_parts(self, known: Sequence[Chunk], answers: Sequence[Answer]) -> Steps[Reading]:
        readings = []
        for place, answer in enumerate(answers):  # a part is at most one chunk
            readings.append((yield from self._read(known[place:], answer)))
        return _together(readings)

    def _read(self, known: Sequence[Chunk], answer: Answer) -> Steps[Reading]:
        return read(answer, now=self._clock(), known=known, passes=self._passes)


def _together(readings: Sequence[Reading]) -> Reading:
    return Reading(
        sum(reading.listed for reading in readings),
        tuple(c for reading in readings for c in reading.certificates),
        tuple(item for reading in readings for item in reading.unread),
        tuple(uuid for reading in readings for uuid in reading.filtered),
        tuple(chunk for reading in readings for chunk in reading.chunks),
    )


class _Bulk(NamedTuple):
    """What the last answer meant, and what it is recognised by.

    That is its entity tag, empty where it has none (RFC 9110, section 8.8.3), and its SHA-256.
    """

    etag: str
    digest: bytes
    reading: Reading
