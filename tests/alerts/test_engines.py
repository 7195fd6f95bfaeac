"""An expiry, a dying exporter and a change of shards: in Prometheus 2, Prometheus 3 and vmalert."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from tests.alerts.engines import Pages, prometheus, vmalert
from tests.alerts.pages import Page, certificate, metro, page
from tests.alerts.peers import PROMETHEUS_2, PROMETHEUS_3, VICTORIA_METRICS, VMALERT
from tests.alerts.shortened import shortened_rules
from tests.e2e.programs import Prometheus, until
from tests.world.tools import need

pytestmark = [pytest.mark.anyio, pytest.mark.e2e]

SIX = "UKCCertificateExpiryUnknown"
"""What each of six certificates needs from the beginning to the end."""
LATE, OVER, DOWN = "UKCCertificateExpiryImminent", "UKCCertificateExpired", "UKCExporterDown"


def shard(number: int, total: int, expiry: str = "") -> Page:
    """A shard's page of its share of six certificates; of the first the expiry is announced."""
    needs = ("expiry_unknown warning", expiry)
    share = (
        certificate(*needs[: 2 if expiry and not n else 1], name=f"c{n}")
        for n in range(number, 6, total)
    )
    return page(metro(), *share, shard=number, shards=total)


def well(number: int, total: int) -> Page:
    """The page of a shard on which nothing is to be done."""
    share = (certificate(name=f"c{n}") for n in range(number, 6, total))
    return page(metro(), *share, shard=number, shards=total)


def unread(number: int, total: int) -> Page:
    """The page of a shard that has not polled yet."""
    return page(metro(failing="unknown"), shard=number, shards=total)


class World:
    """Pages, and the three engines that follow them."""

    def __init__(self, pages: Pages, engines: list[Prometheus]) -> None:
        self._pages = pages
        self._engines = engines

    async def show(self, *pages: Page | None) -> None:
        """Show these pages, and let each engine evaluate them a few times."""
        self._pages.show(*pages)
        seen = f"count_over_time((stage == {self._pages.stage})[1m:1s])"
        await self._until(seen, lambda answer: max(answer.values(), default=0) >= 3)

    async def firing(self, **times: int) -> None:
        """Wait until these fire so many times, and no other alert about them or the exporter."""
        expected = {(name,): float(number) for name, number in times.items()}
        about = 'alertstate="firing", alertname=~"UKCCertificate.+|UKCExporterDown"'
        query = f"count by (alertname) (ALERTS{{{about}}})"
        await self._until(query, lambda answer: answer == expected)

    async def steady(self, alert: str, since: float) -> list[set[float]]:
        """How many of an alert fired in each engine at any second from then on until now."""
        query = f'count(ALERTS{{alertname="{alert}", alertstate="firing"}}) or vector(0)'
        span = {"query": query, "start": str(since), "end": str(time.time() - 2), "step": "1"}
        answers = [await engine.get("query_range", **span) for engine in self._engines]
        return [{float(v) for _, v in answer["result"][0]["values"]} for answer in answers]

    async def restarts(self, alert: str) -> list[int]:
        """Of how many of an alert the wait began again in each engine."""
        since = f'ALERTS_FOR_STATE{{alertname="{alert}"}}[5m]'
        query = f"max_over_time({since}) != min_over_time({since})"
        return [len(await engine.query(query)) for engine in self._engines]

    async def _until(
        self, query: str, wanted: Callable[[dict[tuple[str, ...], float]], bool]
    ) -> None:
        looks = (until(partial(engine.query, query), wanted) for engine in self._engines)
        await asyncio.gather(*looks)


@contextlib.asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    """Three targets, and the engines side by side."""
    rules = shortened_rules(folder)
    folders = [folder / name for name in ("prometheus-2", "prometheus-3", "vmalert")]
    for one in folders:
        one.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        pages = await stack.enter_async_context(Pages(3).serving())
        engines = (
            prometheus(PROMETHEUS_2, pages, rules, folders[0]),
            prometheus(PROMETHEUS_3, pages, rules, folders[1]),
            vmalert(pages, rules, folders[2]),
        )
        yield World(pages, [await stack.enter_async_context(engine) for engine in engines])


async def test_each_engine_says_the_same(tmp_path: Path) -> None:
    """Nothing is lost and nothing starts again, whatever becomes of the exporters."""
    need(PROMETHEUS_2, PROMETHEUS_3, VICTORIA_METRICS, VMALERT)
    async with world(tmp_path) as engines:
        late = "imminent critical"
        await engines.show(shard(0, 3, late), shard(1, 3), shard(2, 3))
        await engines.firing(**{SIX: 6, LATE: 1})
        begun = time.time()

        # An expiry: one alert follows the other.
        over = "expired critical"
        await engines.show(shard(0, 3, over), shard(1, 3), shard(2, 3))
        await engines.firing(**{SIX: 6, OVER: 1})
        expired = time.time()

        # The exporters die: their alerts stay, and one more tells of it.
        await engines.show(None, None, None)
        await engines.firing(**{SIX: 6, OVER: 1, DOWN: 1})

        # They come back as two, one after the other; the third is the last to go.
        await engines.show(unread(0, 2), None, shard(2, 3))
        await engines.show(shard(0, 2, over), None, shard(2, 3))
        await engines.show(shard(0, 2, over), unread(1, 2), shard(2, 3))
        await engines.show(shard(0, 2, over), shard(1, 2), None)
        await engines.firing(**{SIX: 6, OVER: 1})
        assert await engines.steady(SIX, begun) == [{6.0}] * 3
        assert await engines.steady(OVER, expired) == [{1.0}] * 3
        assert await engines.restarts(SIX) == [0] * 3

        # All is well: each page says so, and nothing is remembered.
        await engines.show(well(0, 2), well(1, 2), None)
        await engines.firing()
