"""Our reading of Grafana's documentation on variables, example by example."""

import pytest

from tests.dashboards.grafana import Opened, Value, formatted
from tests.world.dashboard_files import Query, panel, panel_queries

FLEET = "ukc-certificates"


@pytest.mark.parametrize(
    ("value", "style", "several", "expected"),
    [
        pytest.param("test.", "regex", False, r"test\.", id="one, escaped"),
        pytest.param("*.example.com", "regex", False, r"\*\.example\.com", id="a wildcard"),
        pytest.param(("a.b", "c"), "regex", True, r"(a\.b|c)", id="several, escaped"),
        pytest.param(("critical", "ok|"), "pipe", True, "critical|ok|", id="alternatives"),
        pytest.param("foo()bar BAZ", "percentencode", False, "foo%28%29bar%20BAZ", id="an address"),
        pytest.param(r"a\b", None, False, r"a\\b", id="within quotes"),
        pytest.param(("a.b",), None, True, r"a\\.b", id="an expression within quotes"),
        pytest.param(("a", "b"), None, True, "(a|b)", id="several within quotes"),
    ],
)
def test_format(value: Value, style: str | None, several: bool, expected: str) -> None:
    """As "Variable syntax" shows it."""
    assert expected == formatted(value, style, several=several)


def opened(**values: Value) -> Opened:
    """The fleet at a moment."""
    return Opened(FLEET, 1_000_000, values)


def query(title: str, expr: str) -> Query:
    """A query that stands in a panel of the fleet."""
    return Query(FLEET, title, "A", expr, "range", panel(FLEET, title))


@pytest.mark.parametrize(
    ("title", "span", "step"),
    [
        pytest.param("Reasons over time", 86400, 300, id="the dashboard's"),
        pytest.param("Renewals seen, per 12 hours", 30 * 86400, 43200, id="its own"),
    ],
)
def test_time_range_of_a_panel(title: str, span: float, step: float) -> None:
    """One that has its own looks back as far from the same now."""
    board, entry = opened(), query(title, "x[$__range:$__interval]")

    assert (1_000_000 - span, 1_000_000) == board.span(entry)
    assert f"x[{span}s:{step}s]" == board.expr(entry)


def test_rate_interval() -> None:
    """Four scrapes at least, and a scrape more than a step."""
    entry = query("Reasons over time", "$__rate_interval")

    assert opened().expr(entry) == "360s"


def test_what_is_no_variable_stays() -> None:
    """`$1` is PromQL's."""
    assert opened().expr(query("Reasons over time", '"$1"')) == '"$1"'


def test_every_macro_is_known() -> None:
    """A query with one that is not would be sent as it stands."""
    for entry in panel_queries(FLEET):
        board = Opened(FLEET, 0, dict.fromkeys(("cluster", "job", "instance", "account"), "x"))
        values = {**board.values, **dict.fromkeys(("metro", "search", "severity", "reason"), "x")}
        assert "$_" not in Opened(FLEET, 0, values).expr(entry)
