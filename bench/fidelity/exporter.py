"""The exporter's own parts on a simulated clock: polled and scraped when the bench says so."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeVar

import httpx

from exporter.api.client import Client
from exporter.api.exchange import Exchange
from exporter.config import (
    DEFAULT_MAX_RESPONSE_BYTES,
    DEFAULT_STALE_AFTER,
    Shard,
    Token,
    TokenVariable,
)
from exporter.exposition.render import Exposition, render
from exporter.exposition.telemetry import Telemetry
from exporter.polling.poller import Poller, Schedule
from exporter.polling.snapshot import Key, MetroSnapshot, Store
from exporter.polling.unforeseen import Unforeseen
from tests.simulator.simulated import TOKEN

STEP: Final = 300
"""Seconds between polls, scrapes and evaluations: the longest that the rules allow for."""

_REQUEST_SECONDS = 2.0  # at wall-clock time: what hangs is given up soon
_LINE = re.compile(r"^(ukc_\w+?)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
# What no rule reads is left out of the recording.
_LEFT_OUT = re.compile(
    r"ukc_(certificate_(expiry_days|created|validation_next|service_group_info)"
    r"|api_|polls_total|poll_duration|certificates_fetched|exporter_(build|config_last\w+_seconds))"
)
_TIMED = re.compile(
    rb"^# HELP ukc_certificate_expiry_days .*?(?=^# HELP )", re.MULTILINE | re.DOTALL
)

T = TypeVar("T")


async def _at_once(work: Callable[[], T]) -> T:
    """Nobody waits for a small answer to be read, so no thread does it."""
    return work()


class Exporter:
    """One process of the exporter, but for its web server and its waits.

    `ways` are clients of the metros by their names; `clock` gives Unix time.
    Of several shards each is a target of its own.
    """

    def __init__(
        self, ways: Mapping[str, httpx.AsyncClient], clock: Callable[[], float], shard: Shard
    ) -> None:
        self._telemetry, self._clock, store = Telemetry(shard), clock, Store()
        self._shard = shard
        self._target = f'job="ukc-certificate-exporter",instance="{shard.ordinal}:10843"'
        self._telemetry.configuration_loaded(clock())
        self._exposition = Exposition(stale_after=DEFAULT_STALE_AFTER, clock=clock)
        self._pollers = [self._poller(name, http, store) for name, http in ways.items()]
        self._seen: tuple[bytes, dict[str, float]] = (b"", {})

    def _poller(self, metro: str, http: httpx.AsyncClient, store: Store) -> Poller:
        key = Key("default", metro)
        self._telemetry.track(key, interval=STEP)
        exchange = Exchange(
            http,
            TokenVariable("fidelity", Token(TOKEN)),
            timeout=_REQUEST_SECONDS,
            max_response_bytes=DEFAULT_MAX_RESPONSE_BYTES,
            on_request=self._telemetry.on_request(key),
            aside=_at_once,
        )
        client = Client(exchange, clock=self._clock, shard=self._shard, aside=_at_once)
        return Poller(
            key,
            client.bulk if self._shard.total == 1 else client.batched,
            Schedule(STEP, STEP, DEFAULT_STALE_AFTER),
            store=store,
            publish=self._publish,
            observer=self._telemetry,
            failure=Unforeseen(self._telemetry.internal_error).failure,
            clock=self._clock,
            monotonic=self._clock,
            aside=_at_once,
        )

    async def _publish(self, snapshot: MetroSnapshot) -> None:
        previous = self._exposition.rendered(snapshot.key)
        self._exposition.publish(render(snapshot, previous, now=self._clock()))

    async def poll(self) -> None:
        """One poll of every metro."""
        await asyncio.gather(*(poller.poll() for poller in self._pollers))

    def scrape(self) -> dict[str, float]:
        """The samples of the page by series, as a scrape labels them."""
        tail = self._telemetry.exposition(openmetrics=False)
        stream = self._exposition.stream(openmetrics=False, tail=b"")
        page = _TIMED.sub(b"", b"".join(stream.text()))
        if page != self._seen[0]:  # most polls find nothing new, and parsing is slow
            self._seen = page, dict(self._samples(page))
        return {f"up{{{self._target}}}": 1.0, **self._seen[1], **dict(self._samples(tail))}

    def unanswered(self) -> dict[str, float]:
        """What a scrape leaves that failed."""
        return {f"up{{{self._target}}}": 0.0}

    def _samples(self, page: bytes) -> Iterable[tuple[str, float]]:
        for name, labels, value in _LINE.findall(page.decode()):
            if _LEFT_OUT.match(name) is None:
                yield f"{name}{{{self._target}{',' if labels else ''}{labels}}}", float(value)
