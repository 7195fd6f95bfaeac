"""Two weeks of a simulated fleet's life, as a Prometheus has them that scraped every four hours."""

from collections.abc import Iterator
from typing import Final

from exporter.simulator import Clock, Simulator
from tests.e2e.dashboards import page, worlds
from tests.e2e.dashboards.worlds import METROS, NOW, SCRAPES

JOB: Final = "history"
STEP_SECONDS: Final = 4 * 3600
DAYS: Final = 14
#: A day on which the last metro gave errors, counted in steps from the beginning.
_OUTAGE: Final = range(40, 46)


def moments() -> Iterator[float]:
    """Whole steps, where range queries look, and then the scrapes of now."""
    start = (NOW - DAYS * 86400) // STEP_SECONDS * STEP_SECONDS
    while start < NOW - 600:
        yield start
        start += STEP_SECONDS
    yield from SCRAPES


def lived() -> Iterator[str]:
    """What befell the fleet: the scenario describes its beginning."""
    at = list(moments())
    clock = Clock(start=at[0], speed=0)
    fleet = {m: Simulator("mixture", metro=m, token="world:x", clock=clock) for m in METROS}
    target = f'job="{JOB}",instance="a:1"'
    for step, now in enumerate(at):
        clock.advance(now - clock.now())
        yield from worlds.stamped(page.exporter(0, 1, now), target, [now])
        yield from worlds.stamped(page.work(now), target, [now])
        for metro, simulator in fleet.items():
            out = step in _OUTAGE and metro == METROS[-1]
            labels: page.Labels = {"account": "default", "metro": metro}
            every = simulator.certificates()
            shown = {one.name for one in every}
            polls = page.metro(labels, looked_at=now, reads=not out, listed=len(every))
            yield from worlds.stamped(polls, target, [now])
            yield from worlds.stamped(page.polls(labels, now, reads=not out), target, [now])
            yield from worlds.stamped(page.certificates(every, shown, labels, now), target, [now])
