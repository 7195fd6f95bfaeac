"""The queries of the dashboards: PromQL that asks for what exists, and for no more than needed."""

import functools
import re
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from exporter.errors import RateLimited
from exporter.exposition.aggregates import AGGREGATES
from exporter.exposition.families import FAMILIES, IDENTITY
from exporter.exposition.telemetry import Telemetry
from tests.world.builders import FRA
from tests.world.dashboard_files import (
    ROOT,
    UIDS,
    Query,
    load,
    panel_queries,
    replaced,
    used_variables,
    variable_queries,
    variables,
)

#: What Prometheus and the process itself provide, whatever the exporter is.
FOREIGN = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "python_gc_collections_total",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "up",
}
PANEL_QUERIES = [query for uid in UIDS for query in panel_queries(uid)]
VARIABLE_QUERIES = [query for uid in UIDS for query in variable_queries(uid)]

each_query = pytest.mark.parametrize("query", PANEL_QUERIES, ids=str)


def selectors(expr: str) -> list[promql_parser.VectorSelector]:
    """The vector selectors of a query, wherever they stand."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(replaced(expr, KEPT)), visit)
    return found


#: Variables stay as they are inside label matchers; Grafana's own ones become durations.
KEPT = {name: f"${name}" for uid in UIDS for name in variables(load(uid))}


@functools.cache
def exported() -> dict[str, set[str]]:
    """The exporter's metrics, each with the labels that it or the scrape gives its samples."""
    telemetry = Telemetry()
    telemetry.track(FRA, interval=60)
    telemetry.on_request(FRA)("certificates", "200", 0.1)
    telemetry.failed(FRA, RateLimited("slower"), seconds=0.1)
    page = telemetry.exposition(openmetrics=False).decode()
    found = {
        sample.name: set(sample.labels)
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name.startswith("ukc_")
    }
    found |= {family.name: {*IDENTITY, *family.labels} for family in FAMILIES}
    # Totals have no name: a matcher on it leaves them out where a name is chosen.
    of_metros = {"account", "metro", "name"}
    found |= {(one.sample or one.name): {*of_metros, *one.labels} for one in AGGREGATES}
    return {name: labels | {"job", "instance", "cluster", "pod"} for name, labels in found.items()}


@functools.cache
def recorded() -> set[str]:
    """The series that the alert rules record."""
    rules = [
        rule
        for path in (ROOT / "alerts").glob("*.rules.yaml")
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]
    return {rule["record"] for rule in rules if "record" in rule}


@each_query
class TestQuery:
    """What a query of a panel or an annotation keeps to."""

    def test_is_promql(self, query: Query) -> None:
        """With its variables replaced it parses and type-checks."""
        values = dict.fromkeys(variables(load(query.dashboard)), "x")

        promql_parser.parse(replaced(query.expr, values))

    def test_selects_the_job(self, query: Query) -> None:
        """In each selector, or another job's `up` and processes would be counted."""
        without = [
            str(selector.name)
            for selector in selectors(query.expr)
            if 'job=~"$job"' not in selector.prettify()
        ]

        assert without == []

    def test_asks_for_metrics_that_exist(self, query: Query) -> None:
        """A renamed metric breaks the build, not the view."""
        names = {str(selector.name) for selector in selectors(query.expr)}

        assert set() == names - set(exported()) - FOREIGN - recorded()

    def test_selects_by_labels_that_exist(self, query: Query) -> None:
        """A matcher on a label that a metric has not finds nothing, and says nothing."""
        wrong = [
            (str(selector.name), matcher.name)
            for selector in selectors(query.expr)
            for matcher in selector.matchers.matchers
            if matcher.name not in exported().get(str(selector.name), {matcher.name})
        ]

        assert wrong == []

    def test_rates_over_what_grafana_says(self, query: Query) -> None:
        """A fixed window would be shorter than two scrapes somewhere."""
        windows = re.findall(r"\b(?:rate|increase|irate)\([^\[]*\[([^\]]+)\]", query.expr)

        assert ["$__rate_interval"] * len(windows) == windows

    def test_counts_a_certificate_once(self, query: Query) -> None:
        """However many replicas show it: nothing of a certificate is summed or counted raw."""
        flat = " ".join(query.expr.split())

        assert None is re.search(r"\b(?:sum|count)(?: by \([^)]*\))? ?\( ?ukc_certificate_", flat)


@pytest.mark.parametrize("query", VARIABLE_QUERIES, ids=str)
class TestVariable:
    """What a variable that asks Prometheus keeps to."""

    def test_asks_for_metrics_that_exist(self, query: Query) -> None:
        """As for panels; `label_values` ends with the label it wants."""
        expr = query.expr.rpartition(",")[0] if query.kind == "label_values" else query.expr
        names = {str(selector.name) for selector in selectors(expr)}

        assert set() == names - set(exported()) - recorded()

    def test_lists_a_bounded_number_of_names(self, query: Query) -> None:
        """A list of 100,000 certificates would stop the browser."""
        if "ukc_certificate_" in query.expr:
            assert query.kind == "query_result"
            assert re.match(r"(?:top|bottom)k\((?:100|500), ", query.expr)

    def test_stands_on_one_line(self, query: Query) -> None:
        """Grafana finds the function around a query by a pattern that ends with the line."""
        assert "\n" not in query.expr

    def test_stands_after_what_it_needs(self, query: Query) -> None:
        """Grafana asks in order; what comes later is not chosen yet."""
        order = list(variables(load(query.dashboard)))
        own = order.index(query.place.removeprefix("variable "))

        assert used_variables(query.expr) <= set(order[:own])


def test_no_query_stands_twice() -> None:
    """No panel repeats another's answer; the same question over time is another question."""
    by_expr: dict[tuple[str, str], list[str]] = {}
    for query in PANEL_QUERIES:
        by_expr.setdefault((query.kind, " ".join(query.expr.split())), []).append(str(query))

    assert [places for places in by_expr.values() if len(places) > 1] == []
