"""Every query of every panel, annotation and variable, asked of a real Prometheus."""

import math
import re

import pytest

from tests.e2e.dashboards.prometheus import Prometheus, Series
from tests.e2e.dashboards.scraped import HISTORY
from tests.e2e.dashboards.worlds import METROS, NOW
from tests.world.dashboard_files import UIDS, Query, panel_queries, variable_queries

pytestmark = pytest.mark.e2e

#: Where nothing is wrong these are empty and say so; what they show of trouble is tested below.
QUIET = {
    ("Failures by reason", "A"),  # tests/e2e/dashboards/test_exporter.py shows them
    ("Data age", "B"),
    ("Firing alerts", "A"),
    ("Firing alerts", "B"),
    ("Firing alerts", "C"),
    ("Not read, by reason or field", "A"),
}
#: A renewed certificate, one that is validated again and again, one uploaded to several metros.
DOMAINS = ("edge-1.example.net", "blog.example.com", "*.cdn.example.net")

QUERIES = [query for uid in UIDS for query in panel_queries(uid)]
VARIABLES = [query for uid in UIDS for query in variable_queries(uid)]


def asked(prometheus: Prometheus, query: Query, job: str = HISTORY) -> list[Series]:
    """The answer over the panel's own time range; a domain's dashboard of each of a few."""
    if query.dashboard != "ukc-certificate":
        return prometheus.answer(query, prometheus.opened(query.dashboard, NOW, job=job))
    opened = [
        prometheus.opened(query.dashboard, NOW, job=place, domain=domain)
        for domain in DOMAINS
        for place in (job, "mixture")
    ]
    return [series for board in opened for series in prometheus.answer(query, board)]


def numbers(series: Series) -> list[float]:
    """The values of a series."""
    points = [series["value"]] if "value" in series else series["values"]
    return [float(number) for _, number in points]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_query(prometheus: Prometheus, query: Query) -> None:
    """It runs, and returns data where there is any, with the labels that its legend names.

    `shard` is one that only several exporters have.
    """
    found = asked(prometheus, query)

    if (query.place, query.ref) not in QUIET:
        assert found, query.expr
        assert any(math.isfinite(number) for series in found for number in numbers(series))
    legend = next(
        (t["legendFormat"] for t in query.panel.get("targets", ()) if t["refId"] == query.ref), ""
    )
    for series in found:
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= {*series["metric"], "shard"}


@pytest.mark.parametrize("query", VARIABLES, ids=str)
def test_variable(prometheus: Prometheus, query: Query) -> None:
    """Each list has something to choose, but for a label that these targets have not."""
    opened = prometheus.opened(query.dashboard, NOW, job="mixture")

    offered = prometheus.offered(query, opened)
    if query.place == "variable cluster":
        assert offered == ()
    else:
        assert offered
        assert len(set(offered)) == len(offered)


def test_the_list_of_domains_begins_with_what_needs_somebody(prometheus: Prometheus) -> None:
    """A long list ends among those that need nothing; a search narrows it."""
    (query,) = (query for query in VARIABLES if query.place == "variable domain")
    opened = prometheus.opened("ukc-certificate", NOW, job="mixture")
    found = prometheus.opened("ukc-certificate", NOW, job="mixture", search="*.CDN.")

    assert prometheus.offered(query, opened)[0] != "shop-1.example.com"
    assert prometheus.offered(query, found) == ("*.cdn.example.net",)


def test_failures_are_shown(prometheus: Prometheus) -> None:
    """The metro that is not read, and why."""
    (query,) = (query for query in QUERIES if query.place == "Metros" and query.ref == "A")

    found = asked(prometheus, query, job="unread")
    assert {s["metric"]["metro"]: s["value"][1] for s in found} == {METROS[0]: "1", METROS[1]: "0"}


@pytest.mark.parametrize(
    ("place", "least"),
    [
        pytest.param("Renewals seen, per 12 hours", 3, id="renewals"),
        pytest.param("annotation Renewals", 3, id="marks"),
    ],
)
def test_the_past_is_there(prometheus: Prometheus, place: str, least: int) -> None:
    """Two weeks in which certificates of six days were renewed again and again."""
    (query,) = (query for query in QUERIES if query.place == place)

    values = [number for series in asked(prometheus, query) for number in numbers(series)]
    assert len({number for number in values if number > 0}) >= 1
    assert sum(number > 0 for number in values) >= least
