"""The fleet's dashboard, opened for one world."""

from collections import Counter
from typing import Final

from tests.dashboards import display
from tests.dashboards.grafana import Value
from tests.e2e.dashboards import truth, worlds
from tests.e2e.dashboards.prometheus import Prometheus, Series
from tests.e2e.dashboards.worlds import NOW, WORLDS, World
from tests.world.dashboard_files import panel, panel_queries

FLEET: Final = "ukc-certificates"
QUERIES: Final = {(query.place, query.ref): query for query in panel_queries(FLEET)}
GREY, RED, ORANGE, BLUE, GREEN = "#808080", "red", "orange", "blue", "green"
COLOURS: Final = {"critical": RED, "warning": ORANGE, "info": BLUE}
#: The worlds in which every certificate that needs somebody has series of its own.
SHOWN: Final = [job for job in WORLDS if job not in {"series none", "series of one metro"}]

Tile = tuple[float | None, str | None, str]
"""A number, the word that stands for it if one does, and its colour."""


def asked(
    prometheus: Prometheus, job: str, place: str, ref: str = "A", **values: Value
) -> list[Series]:
    """The answer to a query whose variables pick one world."""
    return prometheus.answer(QUERIES[place, ref], prometheus.opened(FLEET, NOW, job=job, **values))


def tile(prometheus: Prometheus, job: str, title: str, ref: str = "A", **values: Value) -> Tile:
    """What a tile shows; AssertionError where it is more than one number."""
    found = asked(prometheus, job, title, ref, **values)
    assert len(found) <= 1, found
    number = float(found[0]["value"][1]) if found else None
    return number, *display.shown(panel(FLEET, title), number, ref=ref)


def most_severe(of: World) -> Counter[str | None]:
    """How many certificates have each severity as their most severe one; None is nothing to do."""
    return Counter(map(truth.most_severe, worlds.reasons(of).values()))
