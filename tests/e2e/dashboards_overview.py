"""Simulated worlds under a real Prometheus, and what the overview asks of it."""

import contextlib
import dataclasses
import functools
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from anyio.from_thread import start_blocking_portal

from tests.e2e.dashboards_prometheus import Prometheus, Series, running
from tests.e2e.dashboards_world import World
from tests.world.dashboard_files import panel_queries, replaced

FLEET = "ukc-certificates"
QUERIES = {(query.place, query.ref): query for query in panel_queries(FLEET)}


@dataclasses.dataclass(frozen=True)
class Watched:
    """Each world under its name as the job, in a Prometheus with the rules and one without."""

    worlds: Mapping[str, World]
    judged: Prometheus
    plain: Prometheus

    def asked(
        self, job: str, place: str, ref: str = "A", *, plain: bool = False, **given: str
    ) -> list[Series]:
        """The answer to a query of the overview whose variables pick one world."""
        prometheus = self.plain if plain else self.judged
        now = {"__to": str(int(time.time())), "__interval": "1h"}
        chosen = opened(prometheus, job, **given) | now
        return prometheus.instant(replaced(QUERIES[place, ref].expr, chosen))

    def tile(self, job: str, title: str, *, plain: bool = False, **given: str) -> float | None:
        """The one number of a tile; None where there is none, which the tile calls unknown."""
        found = self.asked(job, title, plain=plain, **given)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None


@functools.cache
def opened(prometheus: Prometheus, job: str, **given: str) -> dict[str, str]:
    """The variables of the overview of one world."""
    return prometheus.chosen(FLEET, job=job, **given)


def _scraped(prometheus: Prometheus, instances: int) -> bool:
    return prometheus.number("count(up == 1)") == instances


@contextlib.contextmanager
def watched(
    folder: Path, openings: Mapping[str, AbstractAsyncContextManager[World]]
) -> Iterator[Watched]:
    """The worlds, until the end of the context: tests only ask."""
    with contextlib.ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        worlds = {
            job: stack.enter_context(portal.wrap_async_context_manager(opening))
            for job, opening in openings.items()
        }
        targets = {job: list(of.exporters) for job, of in worlds.items()}
        judged = stack.enter_context(running(folder / "judged", targets, judged=True))
        plain = stack.enter_context(running(folder / "plain", targets, judged=False))
        instances = sum(map(len, targets.values()))
        for prometheus in (plain, judged):
            prometheus.wait(functools.partial(_scraped, prometheus, instances), "scrapes")
        judged.judge()
        yield Watched(worlds, judged, plain)
