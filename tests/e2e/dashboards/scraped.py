"""What a Prometheus holds that scraped the exporters: their own pages on an injected clock."""

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Final, Protocol

from exporter.config import Account, Configuration, Metro, Selection, Shard, Token, TokenVariable
from exporter.service import Graph, build
from exporter.simulator import Clock, Fault, Simulator, serve
from exporter.simulator.http.asgi import Receive, Scope, Send
from exporter.simulator.http.server import Application
from tests.e2e.dashboards.worlds import (
    BEFORE,
    METROS,
    NOW,
    TOKEN,
    WORLDS,
    Exporter,
    World,
    simulator,
)

#: The world whose past is known, how long, and how often it was scraped.
HISTORY: Final = "history"
DAYS: Final = 14
STEP_SECONDS: Final = 4 * 3600
#: A day of its past on which the last metro gave errors, in steps from the beginning.
_OUTAGE: Final = range(40, 46)

_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


class Watch:
    """The exporter's clock; it moves when it is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


class Served(Protocol):
    """A metro's API."""

    metro: str

    @property
    def app(self) -> Application: ...


class Lost:
    """A metro that answered an hour ago, and gives errors since."""

    def __init__(self, simulator: Simulator, clock: Watch) -> None:
        self.metro = simulator.metro
        self._simulator = simulator
        self._clock = clock

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The simulator's answer, or its errors."""
        if self._clock.now > NOW - 3600 and not self._simulator.faults():
            self._simulator.fault(Fault("bad-gateway"))
        await self._simulator.app(scope, receive, send)


def _metro(world: World, one: Exporter, metro: str, clock: Watch) -> Served:
    if metro in one.unread:
        return Lost(simulator(BEFORE, metro), clock)
    return simulator(world.scenario, metro)


def _selection(one: Exporter, metro: str) -> Selection:
    if one.series == "attention":
        return Selection(series="attention")
    return Selection(series="all" if one.series in {"all", metro} else "none")


@contextlib.asynccontextmanager
async def watched(
    one: Exporter, accounts: Mapping[str, Sequence[Served]], clock: Watch, shards: int = 1
) -> AsyncIterator[Graph]:
    """An exporter of these accounts' metros that has not polled yet."""
    async with contextlib.AsyncExitStack() as stack:
        entries = []
        for account, metros in accounts.items():
            urls = [str(await stack.enter_async_context(serve(served.app))) for served in metros]
            polled = [
                Metro(served.metro, url, selection=_selection(one, served.metro))
                for served, url in zip(metros, urls, strict=True)
            ]
            entries.append(Account(account, TokenVariable("world", Token(TOKEN)), tuple(polled)))
        configuration = Configuration(tuple(entries), shard=Shard(one.shard, shards))
        yield await stack.enter_async_context(build(configuration, clock=clock))


async def _page(graph: Graph, *metros: str) -> str:
    """A page after a poll of these metros; of all where none is given."""
    polled = [p for p in graph.pollers if not metros or p.key.metro in metros]
    await asyncio.gather(*(poller.poll() for poller in polled))
    tail = graph.telemetry.exposition(openmetrics=False)
    return b"".join(graph.exposition.stream(openmetrics=False, tail=tail).text()).decode()


async def scrapes(world: World, one: Exporter) -> list[tuple[float, str]]:
    """The pages that an exporter serves in the last minute, each with its moment.

    What is gone was scraped twenty minutes ago: it is no longer there.
    """
    if one.down:
        return [(NOW, "up 0\n")]
    clock = Watch()
    accounts = {a: [_metro(world, one, m, clock) for m in METROS] for a in world.accounts}
    async with watched(one, accounts, clock, world.shards) as graph:
        if one.unread:
            clock.now = NOW - 3600
            await _page(graph, *one.unread)
        pages = []
        for clock.now in (NOW - 60, NOW):
            pages.append((clock.now - 1200 * one.gone, await _page(graph)))
    return pages


def moments() -> Iterator[float]:
    """Whole steps, at which range queries look, and then the scrapes of now."""
    start = (NOW - DAYS * 86400) // STEP_SECONDS * STEP_SECONDS
    yield from itertools.takewhile(lambda at: at < NOW - 600, itertools.count(start, STEP_SECONDS))
    yield from (NOW - 60, NOW)


async def lived() -> list[tuple[float, str]]:
    """The pages of two weeks; the scenario describes their beginning."""
    at = list(moments())
    lives, clock = Clock(start=at[0], speed=0), Watch()
    fleet = [simulator("mixture", metro, lives) for metro in METROS]
    pages = []
    async with watched(Exporter("a:1"), {"default": fleet}, clock) as graph:
        for step, clock.now in enumerate(at):
            lives.advance(clock.now - lives.now())
            fleet[-1].clear_faults()
            if step in _OUTAGE:
                fleet[-1].fault(Fault("bad-gateway"))
            pages.append((clock.now, await _page(graph)))
    return pages


#: What Prometheus adds to each scrape.
_OF_A_SCRAPE: Final = "up 1\nscrape_duration_seconds 0.01\nscrape_samples_scraped 1000\n"


def stamped(page: str, target: str, moment: float) -> Iterator[str]:
    """The page's samples with a target's labels and a time."""
    own = "" if page.startswith("up ") else _OF_A_SCRAPE
    for line in f"{page}{own}".splitlines():
        if not line.startswith("#"):
            match = _SAMPLE.fullmatch(line)
            assert match is not None, line
            name, labels, value = match.groups()
            inside = ",".join(filter(None, (target, labels)))
            yield f"{name}{{{inside}}} {value} {moment:.0f}"


async def _everything() -> list[tuple[str, str, list[tuple[float, str]]]]:
    every = [(job, world, one) for job, world in WORLDS.items() for one in world.exporters]
    *pages, past = await asyncio.gather(*(scrapes(world, one) for _, world, one in every), lived())
    scraped = [(job, one.instance, of) for (job, _, one), of in zip(every, pages, strict=True)]
    return [*scraped, (HISTORY, "a:1", past)]


def everything() -> Iterator[str]:
    """The samples of every world, each a line of OpenMetrics with its time."""
    for job, instance, pages in asyncio.run(_everything()):
        target = f'job="{job}",instance="{instance}"'
        for moment, page in pages:
            yield from stamped(page, target, moment)
