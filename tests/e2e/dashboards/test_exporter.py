"""What the exporter's dashboard says of metros, shards and replicas."""

import pytest

from tests.dashboards import display
from tests.e2e.dashboards.prometheus import Prometheus, Series
from tests.e2e.dashboards.worlds import NOW
from tests.world.dashboard_files import panel, panel_queries

pytestmark = pytest.mark.e2e

UID = "ukc-exporter"
QUERIES = {(query.place, query.ref): query for query in panel_queries(UID)}
Shown = tuple[float | None, str | None, str]


def asked(prometheus: Prometheus, job: str, place: str, ref: str = "A") -> list[Series]:
    """The answer to a query of the dashboard about one world."""
    return prometheus.answer(QUERIES[place, ref], prometheus.opened(UID, NOW, job=job))


@pytest.mark.parametrize(
    ("job", "title", "expected"),
    [
        pytest.param("mixture", "Exporters down", (0, None, "green"), id="up"),
        pytest.param("down", "Exporters down", (1, None, "red"), id="down"),
        pytest.param("shard gone", "Exporters down", (1, None, "red"), id="a shard without target"),
        pytest.param("mixture", "Metros failing", (0, None, "green"), id="read"),
        pytest.param("unread", "Metros failing", (1, None, "orange"), id="not read"),
        pytest.param("outvoted", "Metros failing", (0, None, "green"), id="by one replica"),
        pytest.param("down", "Metros failing", (None, "unknown", "#808080"), id="unknown"),
        pytest.param("shard unread", "Metros failing", (1, None, "orange"), id="not by a shard"),
        pytest.param("mixture", "Items not read", (0, None, "green"), id="all items"),
        pytest.param("mixture", "Reloads failed", (0, None, "green"), id="loaded"),
        pytest.param("mixture", "Internal errors", (0, None, "green"), id="no errors"),
    ],
)
def test_tile(prometheus: Prometheus, job: str, title: str, expected: Shown) -> None:
    """The number, and the colour of what fires first because of it."""
    found = asked(prometheus, job, title)
    number = float(found[0]["value"][1]) if found else None

    assert expected == (number, *display.shown(panel(UID, title), number))


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        pytest.param("mixture", {("fra0", None): 1, ("dal0", None): 1}, id="one exporter"),
        pytest.param("unread", {("fra0", None): 1, ("dal0", None): 0}, id="a metro is not read"),
        pytest.param(
            "shard gone",
            {
                (metro, shard): up
                for metro in ("fra0", "dal0")
                for shard, up in (("0", 1), ("1", 1), ("gone", 0))
            },
            id="a row for each shard, and for what is gone",
        ),
    ],
)
def test_metros(
    prometheus: Prometheus, job: str, expected: dict[tuple[str, str | None], float]
) -> None:
    """As the best replica sees them."""
    found = {
        (series["metric"]["metro"], series["metric"].get("shard")): float(series["value"][1])
        for series in asked(prometheus, job, "Metros")
    }

    assert found == expected


def test_failures(prometheus: Prometheus) -> None:
    """The shard that fails, and why."""
    (series,) = asked(prometheus, "shard unread", "Failures by reason")
    labels = {"account": "default", "metro": "dal0", "shard": "1", "reason": "server_error"}

    assert series["metric"] == labels
    assert float(series["values"][-1][1]) > 0
