"""The exporter's pages of a simulated world, step by step, and what was true at each step."""

import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import httpx

from bench.fidelity.exporter import STEP, Exporter
from bench.fidelity.lifecycles import Event, Lifecycle
from bench.fidelity.series import Series
from exporter.config import Shard
from exporter.simulator import Certificate, Clock, Fault, Scenario, Simulator, serve
from tests.simulator.simulated import TOKEN


class Outage(NamedTuple):
    """A fault that stands in one metro from `begin` to `end`, in seconds."""

    metro: str
    begin: float
    end: float
    fault: Fault


class Absence(NamedTuple):
    """A shard that answers nobody from `begin` to `end`, in seconds."""

    shard: int
    begin: float
    end: float


class World(NamedTuple):
    """Everything that happens: metros with their certificates, and what goes wrong beside them."""

    metros: tuple[str, ...]
    stories: tuple[Lifecycle, ...]
    outages: tuple[Outage, ...] = ()
    failed_scrapes: float = 0.0
    restarts: int = 0
    shards: int = 1
    absences: tuple[Absence, ...] = ()
    seed: int = 1


class Moment(NamedTuple):
    """What was true of one certificate from a step on; None from when it is gone."""

    step: int
    certificate: Certificate | None


class Recording(NamedTuple):
    """The series as Prometheus would have them, and the truth by metro and name."""

    steps: int
    series: Series
    truth: dict[tuple[str, str], list[Moment]]


async def record(world: World, duration: float, *, say: Callable[[str], None]) -> Recording:
    """Run the world for `duration` simulated seconds."""
    clock = Clock(start=0, speed=0)
    steps = int(duration // STEP) + 1
    dice = random.Random(world.seed)  # noqa: S311  (seeded, not secret)
    restarts = {dice.randrange(steps) for _ in range(world.restarts)}
    recording = Recording(steps, Series(), {})
    simulators = {
        metro: Simulator(_scenario(world, metro), metro=metro, token=TOKEN, clock=clock)
        for metro in world.metros
    }
    async with contextlib.AsyncExitStack() as stack:
        ways = {
            metro: await stack.enter_async_context(_way(simulator, real=bool(world.outages)))
            for metro, simulator in simulators.items()
        }
        shards = [Shard(ordinal, world.shards) for ordinal in range(world.shards)]
        exporters = [Exporter(ways, clock.now, shard) for shard in shards]
        events, failed = _Events(world, simulators), [False] * len(shards)
        for step in range(steps):
            await events.until(clock.now())
            _remember(recording.truth, simulators, step)
            if step in restarts:
                ordinal = step % len(shards)
                exporters[ordinal] = Exporter(ways, clock.now, shards[ordinal])
            samples: dict[str, float] = {}
            for ordinal, exporter in enumerate(exporters):
                away = _away(world, ordinal, clock.now())
                if not away:
                    await exporter.poll()
                # Never two in a row: an exporter that does not answer for that long is down.
                failed[ordinal] = dice.random() < world.failed_scrapes and not failed[ordinal]
                samples |= exporter.unanswered() if away or failed[ordinal] else exporter.scrape()
            recording.series.take(step, samples)
            if step % 5_000 == 4_999:
                say(f"recorded {step + 1} of {steps} steps")
            clock.advance(STEP)
    return recording


def _away(world: World, shard: int, now: float) -> bool:
    return any(a.shard == shard and a.begin <= now < a.end for a in world.absences)


def _scenario(world: World, metro: str) -> Scenario:
    groups = (group for story in world.stories for group in story.groups)
    return Scenario(tuple(g for g in groups if g.metros is None or metro in g.metros))


@contextlib.asynccontextmanager
async def _way(simulator: Simulator, *, real: bool) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a metro: over a socket where its connections are to break, else without one."""
    async with contextlib.AsyncExitStack() as stack:
        transport, url = None, "http://api"
        if real:
            url = str(await stack.enter_async_context(serve(simulator.app)))
        else:
            transport = httpx.ASGITransport(app=simulator.app)
        yield await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url=url, trust_env=False)
        )


class _Events:
    """What is still to be done, in the order of time."""

    def __init__(self, world: World, simulators: dict[str, Simulator]) -> None:
        self._simulators = simulators
        events = [event for story in world.stories for event in story.events]
        for outage in world.outages:
            events.append(Event(outage.begin, _standing(outage.fault), outage.metro))
            events.append(Event(outage.end, Simulator.clear_faults, outage.metro))
        self._coming = sorted(events, key=lambda event: event.at)[::-1]

    async def until(self, now: float) -> None:
        """Do what is due."""
        while self._coming and self._coming[-1].at <= now:
            event = self._coming.pop()
            doing = event.act(self._simulators[event.metro])
            if doing is not None:
                await doing


def _standing(fault: Fault) -> Callable[[Simulator], None]:
    return lambda simulator: simulator.fault(fault)


def _remember(
    truth: dict[tuple[str, str], list[Moment]], simulators: dict[str, Simulator], step: int
) -> None:
    """Note what has changed since the last step."""
    seen = {
        (metro, one.name): one
        for metro, simulator in simulators.items()
        for one in simulator.certificates()
    }
    for key in truth.keys() - seen.keys():
        if truth[key][-1].certificate is not None:
            truth[key].append(Moment(step, None))
    for key, certificate in seen.items():
        moments = truth.setdefault(key, [])
        if not moments or moments[-1].certificate != certificate:
            moments.append(Moment(step, certificate))
