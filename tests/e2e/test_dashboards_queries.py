"""Every query of every panel, annotation and variable, asked of a real Prometheus.

It holds three weeks of a simulated fleet's past and then scrapes the demo.
"""

import asyncio
import contextlib
import dataclasses
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from exporter.demo import METROS
from tests.e2e.dashboards_history import LOOKBACK, load_past, write_past
from tests.e2e.dashboards_prometheus import Prometheus, Series, running
from tests.e2e.programs import free_port
from tests.world.dashboard_files import UIDS, Query, load, panel_queries, replaced, variable_queries
from tests.world.tools import need

pytestmark = pytest.mark.e2e

JOB = "ukc-certificate-exporter"
#: Nothing fails in the demo, so these say "none"; that they show what fails is tested below.
HEALTHY = {"Failures by reason", "Skipped by reason"}
#: The certificates of the demo that the detail is opened for: a renewed one, one that is being
#: validated, one uploaded to several metros.
CERTIFICATES = ("edge-1.example.net", "blog.example.com", "wildcard-cdn", "new.example.com")

QUERIES = [query for uid in UIDS for query in panel_queries(uid)]
VARIABLES = [query for uid in UIDS for query in variable_queries(uid)]


@dataclasses.dataclass(frozen=True)
class Grafana:
    """What Grafana adds to a query before it asks; not an imitation of what it shows."""

    prometheus: Prometheus
    names: tuple[str, ...]

    def ask(self, query: Query, **given: str) -> list[Series]:
        """A query with the time range of its panel."""
        chosen = self.prometheus.chosen(query.dashboard, **given)
        now = time.time()
        start, end = _range(query, now)
        step = max((end - start) / 200, _seconds(query.panel.get("interval") or "15s"))
        built_in = {
            "__to": str(int(now)),
            "__interval": f"{int(step)}s",
            "__range": f"{int(end - start)}s",
            # The past has a scrape every four hours.
            "__rate_interval": "12h",
        }
        expr = replaced(query.expr, {**chosen, **built_in})
        if query.kind == "instant":
            return self.prometheus.instant(expr)
        return self.prometheus.over_time(expr, start, end, step)

    def ask_for_some(self, query: Query) -> list[Series]:
        """The same for a detail, of each of a few certificates."""
        if query.dashboard != "ukc-certificate":
            return self.ask(query)
        return [series for name in self.names for series in self.ask(query, name=name)]


def _range(query: Query, now: float) -> tuple[float, float]:
    override = query.panel.get("timeFrom")
    if override and override.startswith("+"):
        return now, now + _seconds(override[1:])
    opened = load(query.dashboard)["time"]["from"].removeprefix("now-")
    return now - _seconds(override or opened), now


def _numbers(series: Series) -> list[str]:
    points = [series["value"]] if "value" in series else series["values"]
    return [number for _, number in points]


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[duration[-1]]


@contextlib.contextmanager
def demo(address: str) -> Iterator[None]:
    """The exporter's own demonstration, as a user starts it."""
    command = [sys.executable, "-m", "exporter", "demo", f"--web.listen-address={address}"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    """Started once: the tests only ask."""
    need("prometheus", "promtool")
    path = tmp_path_factory.mktemp("queries")
    address = f"127.0.0.1:{free_port()}"
    with demo(address):
        past, target = path / "past.txt", f'job="{JOB}",instance="{address}"'
        asyncio.run(write_past(past, time.time(), account="demo", metros=METROS, target=target))
        load_past(past, path / "data")
        targets = {JOB: [address]}
        with running(path, targets, judged=True, lookback=LOOKBACK) as prometheus:
            # A rate needs two scrapes.
            scraped = f'count_over_time(up{{job="{JOB}"}}[1m]) > 2'
            prometheus.wait(lambda: bool(prometheus.instant(scraped)), "scrapes")
            prometheus.judge()
            listed = prometheus.instant("max by (name) (ukc_certificate_info)")
            known = [series["metric"]["name"] for series in listed]
            names = tuple(n for n in known if n.startswith(CERTIFICATES))
            yield Grafana(prometheus, names)


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_query(grafana: Grafana, query: Query) -> None:
    """It runs, and returns data where the demo has any, with the labels that its legend names.

    `shard` is one that only several exporters have.
    """
    found = grafana.ask_for_some(query)

    if query.place in HEALTHY:
        assert found == []
        assert query.panel["fieldConfig"]["defaults"]["noValue"] == "none"
    else:
        assert found, query.expr
        assert any(math.isfinite(float(number)) for s in found for number in _numbers(s))
    legend = next(
        (t["legendFormat"] for t in query.panel.get("targets", ()) if t["refId"] == query.ref), ""
    )
    for series in found:
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= {*series["metric"], "shard"}


@pytest.mark.parametrize("query", VARIABLES, ids=str)
def test_variable(grafana: Grafana, query: Query) -> None:
    """Each list has something to choose, but for a label that these targets have not."""
    prometheus = grafana.prometheus
    chosen = prometheus.chosen(query.dashboard)

    offered = prometheus.values(query, chosen)
    if query.place == "variable cluster":
        assert offered == []
    else:
        assert offered
        assert len(set(offered)) == len(offered)


@pytest.mark.parametrize(
    ("place", "least"),
    [
        pytest.param("Renewals seen, per 12 hours", 5, id="renewals"),
        pytest.param("annotation Renewals", 3, id="marks"),
    ],
)
def test_the_past_is_there(grafana: Grafana, place: str, least: int) -> None:
    """Three weeks in which certificates of six days were renewed again and again."""
    (query,) = (q for q in QUERIES if q.place == place)

    values = [float(v) for s in grafana.ask_for_some(query) for _, v in s["values"]]
    assert len({value for value in values if value > 0}) >= 1
    assert sum(value > 0 for value in values) >= least


def test_issues_tell_renewals_apart(grafana: Grafana) -> None:
    """A certificate of six days had several serial numbers within the month."""
    (query,) = (q for q in QUERIES if (q.place, q.ref) == ("Issues under this name", "A"))
    name = next(n for n in grafana.names if n.startswith("edge-1."))

    serials = {series["metric"]["serial_number"] for series in grafana.ask(query, name=name)}
    assert len(serials) >= 3


@pytest.mark.parametrize(
    ("place", "reasons"),
    [
        pytest.param("Failures by reason", {"server_error"}, id="failures"),
        pytest.param("Skipped by reason", {"undecodable"}, id="skipped"),
    ],
)
def test_what_failed_is_shown(grafana: Grafana, place: str, reasons: set[str]) -> None:
    """The days on which the last metro gave errors and nonsense are there, with their reason."""
    (query,) = (q for q in QUERIES if q.place == place)
    past = dataclasses.replace(query, panel={**query.panel, "timeFrom": "21d"})

    found = grafana.ask(past)
    got = {(s["metric"]["metro"], s["metric"]["reason"]) for s in found}
    assert got == {(METROS[-1], reason) for reason in reasons}
