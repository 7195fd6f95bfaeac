"""One metro's loop: poll, publish, wait."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, NamedTuple, Protocol

import structlog

from exporter.api.model import Certificate, Unread
from exporter.api.protocol import Reading
from exporter.errors import Forbidden, PollError, RateLimited, TimedOut, Unauthorized
from exporter.loop import Aside, free
from exporter.polling.snapshot import Key, MetroSnapshot, Store, look

FIRST_BACKOFF_SECONDS: Final = 1.0
JITTER: Final = 0.05
"""An interval is lengthened or shortened by up to this share, so that metros drift apart."""

_UNREAD_LOGGED_AT_ONCE: Final = 20

# A second's wait mends none of these; asking again at once would make them worse.
_NOT_HURRIED: Final = (Unauthorized, Forbidden, RateLimited)

log = structlog.get_logger()


class Observer(Protocol):
    """Counts polls."""

    def succeeded(self, snapshot: MetroSnapshot, *, seconds: float) -> None: ...
    def failed(self, key: Key, error: PollError, *, seconds: float) -> None: ...


class Schedule(NamedTuple):
    """All in seconds; `deadline` bounds one whole poll."""

    interval: float
    deadline: float
    stale_after: float


async def _nothing_to_close() -> None: ...


class Poller:
    """Polls one metro; never two polls at a time.

    `fetch` gives a reading or raises `PollError`, and `disconnect` closes what it left open.
    `publish` is awaited after every poll with the newest snapshot, after a failed one too:
    days to expiry go on counting.
    `failure` gives the error to fail a poll with when another exception comes out of these.
    `aside` does off the event loop what takes long. `clock` gives Unix time.

    `error` is that of the last poll, None where it succeeded or none has ended; `next_poll` is the
    Unix time of the next one, None before the first has ended.
    """

    def __init__(  # noqa: PLR0913 - it is given all that it needs
        self,
        key: Key,
        fetch: Callable[[], Awaitable[Reading]],
        schedule: Schedule,
        *,
        store: Store,
        publish: Callable[[MetroSnapshot], Awaitable[None]],
        observer: Observer,
        failure: Callable[[Key, Exception], PollError],
        disconnect: Callable[[], Awaitable[None]] = _nothing_to_close,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self.key = key
        self.tried = asyncio.Event()
        self.error: PollError | None = None
        self.next_poll: float | None = None
        self._fetch = fetch
        self._schedule = schedule
        self._store = store
        self._publish = publish
        self._observer = observer
        self._failure = failure
        self._disconnect = disconnect
        self._clock = clock
        self._monotonic = monotonic
        self._aside = aside
        self._failures = 0
        self._logged: frozenset[tuple[str, str, str]] = frozenset()
        self._task: asyncio.Task[None] | None = None

    def start(self, group: asyncio.TaskGroup) -> None:
        """Poll in this group until `close`; a bug ends the group."""
        self._task = group.create_task(self.run())

    async def close(self) -> None:
        """End the polls and close the connections."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._disconnect()

    async def run(self) -> None:
        """Poll for ever. A wait longer than the interval is broken up to publish again."""
        while True:
            wait = await self.poll()
            while wait > self._schedule.interval * (1 + JITTER):
                await asyncio.sleep(self._schedule.interval)
                await self._republish()
                wait -= self._schedule.interval
            await asyncio.sleep(wait)

    async def poll(self) -> float:
        """One poll; gives the seconds to wait before the next."""
        started = time.perf_counter()
        try:
            snapshot = await self._read()
            await self._publish(snapshot)
        except Exception as exc:  # noqa: BLE001 - nothing that comes from outside ends the process
            self.error = self._failure(self.key, exc)
            wait = self._failed(self.error, time.perf_counter() - started)
            await self._republish()
        else:
            seconds = time.perf_counter() - started
            await self._replace(snapshot, seconds)
            self.error = None
            interval = self._schedule.interval * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
            wait = max(0.0, interval - seconds)
        self.next_poll = self._clock() + wait
        self.tried.set()
        return wait

    async def _replace(self, snapshot: MetroSnapshot, seconds: float) -> None:
        previous = self._store.newest(self.key)
        changed = previous and previous.certificates is not snapshot.certificates
        old = list(previous.certificates) if previous and changed else []
        del previous
        self._succeeded(snapshot, seconds)
        if old:
            await self._aside(partial(free, old))

    async def _republish(self) -> None:
        newest = self._store.newest(self.key)
        if newest is not None:
            try:
                await self._publish(newest)
            except Exception as exc:  # noqa: BLE001 - the page of before stays
                self._failure(self.key, exc)

    async def _read(self) -> MetroSnapshot:
        taken_at, read_at = self._clock(), self._monotonic()
        try:
            async with asyncio.timeout(self._schedule.deadline):
                reading = await self._fetch()
        except TimeoutError as exc:
            message = f"the poll did not end within {self._schedule.deadline:g} s"
            raise TimedOut(message) from exc
        previous = self._store.newest(self.key)
        stale_after = self._schedule.stale_after
        work = partial(
            look,
            self.key,
            reading,
            previous,
            taken_at=taken_at,
            read_at=read_at,
            stale_after=stale_after,
        )
        return await self._aside(work)

    def _succeeded(self, snapshot: MetroSnapshot, seconds: float) -> None:
        first = self._store.newest(self.key) is None
        self._store.publish(snapshot)
        self._observer.succeeded(snapshot, seconds=seconds)
        self._log_unread(snapshot.unread, snapshot.odd)
        level = log.info if self._failures or first else log.debug
        level(
            "poll succeeded",
            **self.key._asdict(),
            certificates=len(snapshot.certificates),
            skipped=len(snapshot.unread),
            seconds=round(seconds, 3),
        )
        self._failures = 0

    def _failed(self, error: PollError, seconds: float) -> float:
        self._failures += 1
        wait = self._backoff(error)
        self._observer.failed(self.key, error, seconds=seconds)
        log.warning(
            "poll failed",
            **self.key._asdict(),
            reason=error.reason,
            error=str(error),
            retry_in_seconds=round(wait, 1),
        )
        return wait

    def _backoff(self, error: PollError) -> float:
        """Seconds to wait after a failure: doubling up to the interval, or as the API asks.

        A `Retry-After` so long that the certificates would be withdrawn first is not believed.
        """
        interval = self._schedule.interval
        if isinstance(error, _NOT_HURRIED):
            wait = interval
        else:
            # The exponent is bounded: 2 ** 2000 does not fit a float.
            doubled = FIRST_BACKOFF_SECONDS * 2.0 ** min(self._failures - 1, 30)
            wait = min(doubled, interval)
        if error.retry_after is not None and error.retry_after <= self._schedule.stale_after:
            wait = max(wait, error.retry_after)
        return wait

    def _log_unread(self, unread: tuple[Unread, ...], odd: tuple[Certificate, ...]) -> None:
        """One line for each item and each field, once for as long as it stays unreadable."""
        items = {(item.reason, item.uuid, item.name): item for item in unread}
        fields = {(field, c.uuid, c.name): c for c in odd for field in c.unread}
        new_items = [item for identity, item in items.items() if identity not in self._logged]
        new_fields = [identity for identity in fields if identity not in self._logged]
        for item in new_items[:_UNREAD_LOGGED_AT_ONCE]:
            reason, uuid, name, message, _ = item
            self._warn("certificate skipped", reason=reason, uuid=uuid, name=name, error=message)
        for field, uuid, name in new_fields[:_UNREAD_LOGGED_AT_ONCE]:
            self._warn("certificate field not read", field=field, uuid=uuid, name=name)
        for message, new in (
            ("more certificates skipped", new_items),
            ("more certificate fields not read", new_fields),
        ):
            if len(new) > _UNREAD_LOGGED_AT_ONCE:
                self._warn(message, count=len(new) - _UNREAD_LOGGED_AT_ONCE)
        self._logged = frozenset((*items, *fields))

    def _warn(self, event: str, **context: object) -> None:
        log.warning(event, **self.key._asdict(), **context)
