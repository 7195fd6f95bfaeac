"""The queries of the dashboards: PromQL that asks for what exists, and for no more than needed."""

import functools
import re
from typing import Any

import promql_parser
import pytest

from exporter.exposition.aggregates import AGGREGATES
from exporter.exposition.families import FAMILIES, IDENTITY
from exporter.exposition.telemetry import EXPORTER_FAMILIES, METRO_FAMILIES
from tests.dashboards.grafana import Opened, chosen_at_first
from tests.world.dashboard_files import (
    UIDS,
    Query,
    load,
    panel_queries,
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
#: A label that no series has: queries tell by it whether something is searched for.
SEARCH = "search"
PANEL_QUERIES = [query for uid in UIDS for query in panel_queries(uid)]
VARIABLE_QUERIES = [query for uid in UIDS for query in variable_queries(uid)]

each_query = pytest.mark.parametrize("query", PANEL_QUERIES, ids=str)


def replaced(query: Query) -> str:
    """The query as it is when its dashboard opens and every list is empty."""
    values = {name: value or "x" for name, value in chosen_at_first(query.dashboard).items()}
    offered = dict.fromkeys(values, ("x",))
    return Opened(query.dashboard, 0, values, offered).expr(query)


def selectors(query: Query) -> list[promql_parser.VectorSelector]:
    """The vector selectors of a query, wherever they stand."""
    found: list[promql_parser.VectorSelector] = []

    def visit(node: Any) -> bool:
        if isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(replaced(query)), visit)
    return found


@functools.cache
def exported() -> dict[str, set[str]]:
    """The exporter's metrics, each with the labels that it or the scrape gives its samples."""
    found = {family.name: {*IDENTITY, *family.labels} for family in FAMILIES}
    found |= {(a.sample or a.name): {"account", "metro", *a.labels} for a in AGGREGATES}
    for metric in METRO_FAMILIES:
        labels = {"account", "metro", "shard", *metric.labels}
        found |= {metric.name: labels, f"{metric.name}_bucket": {*labels, "le"}}
    found |= {metric.name: {*metric.labels} for metric in EXPORTER_FAMILIES}
    return {name: labels | {"job", "instance", "cluster", "pod"} for name, labels in found.items()}


@each_query
class TestQuery:
    """What a query of a panel or an annotation keeps to."""

    def test_is_promql(self, query: Query) -> None:
        """With its variables replaced it parses and type-checks."""
        promql_parser.parse(replaced(query))

    def test_selects_the_job(self, query: Query) -> None:
        """In each selector, or another job's `up` and processes would be counted."""
        without = [
            str(selector.name)
            for selector in selectors(query)
            if "job" not in {matcher.name for matcher in selector.matchers.matchers}
        ]

        assert without == []

    def test_asks_for_metrics_that_exist(self, query: Query) -> None:
        """A renamed metric breaks the build, not the view; no series of a rule is among them."""
        names = {str(selector.name) for selector in selectors(query)}

        assert set() == names - set(exported()) - FOREIGN

    def test_selects_by_labels_that_exist(self, query: Query) -> None:
        """A matcher on a label that a metric has not finds nothing, and says nothing.

        Severity and reason are what a certificate that needs nothing has not.
        """
        absent = {SEARCH, "severity", "reason"}
        wrong = [
            (str(selector.name), matcher.name)
            for selector in selectors(query)
            for matcher in selector.matchers.matchers
            if matcher.name not in exported().get(str(selector.name), {matcher.name}) | absent
        ]

        assert wrong == []

    def test_rates_over_what_grafana_says(self, query: Query) -> None:
        """A fixed window would be shorter than two scrapes somewhere; an hour is not."""
        windows = re.findall(r"\b(?:rate|increase|irate)\([^\[]*\[([^\]]+)\]", query.expr)

        assert {"$__rate_interval", "1h"} >= set(windows)

    def test_pins_nothing(self, query: Query) -> None:
        """`@` with a macro means another moment in a panel with a time range of its own."""
        assert "@" not in query.expr
        assert "__to" not in query.expr
        assert "__from" not in query.expr

    def test_counts_a_certificate_once(self, query: Query) -> None:
        """However many replicas show it: nothing of a certificate is summed or counted raw."""
        flat = " ".join(query.expr.split())

        sums = re.findall(r"\b(?:sum|count)(?: by \([^)]*\))? ?\( ?ukc_certificate_\w+", flat)
        # Whether there are any is asked of all replicas together.
        assert {s.rpartition(" ")[2] for s in sums} <= {
            "ukc_certificate_attention",
            "ukc_certificate_info",
        }
        assert not [s for s in sums if s.startswith("sum")]

    def test_escapes_what_is_searched_for(self, query: Query) -> None:
        """As a raw string: single backslashes are no escapes of PromQL."""
        inside = re.findall(r"`[^`]*\$\{search:regex\}[^`]*`", query.expr)

        assert query.expr.count("$search") == 0
        assert query.expr.count("${search") == len(inside)
        assert all(pattern == "`(?i:.*${search:regex}.*)`" for pattern in inside)

    def test_matches_exactly_where_it_joins_by_severity(self, query: Query) -> None:
        """What is chosen as alternatives is not escaped, and so stands in a raw string too."""
        for name in ("severity", "reason"):
            assert query.expr.count(f"${{{name}") == query.expr.count(f"`${{{name}:pipe}}`")


@pytest.mark.parametrize("query", VARIABLE_QUERIES, ids=str)
class TestVariable:
    """What a variable that asks Prometheus keeps to."""

    def test_asks_for_metrics_that_exist(self, query: Query) -> None:
        """As for panels; `label_values` ends with the label it lists."""
        expr = query.expr.rpartition(",")[0] if query.kind == "label_values" else query.expr
        names = set(re.findall(r"\b(ukc_\w+)", expr))

        assert names
        assert set() == names - set(exported())

    def test_lists_a_bounded_number_of_names(self, query: Query) -> None:
        """A list of 100,000 domains would stop the browser."""
        if "ukc_certificate_" in query.expr:
            assert query.kind == "query_result"
            assert re.match(r"topk\(500, ", query.expr)

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
        key = (query.kind, " ".join(query.expr.split()))
        by_expr.setdefault(key, []).append(str(query))

    assert [places for places in by_expr.values() if len(places) > 1] == []
