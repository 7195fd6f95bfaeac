"""What a domain's dashboard shows of each of its certificates is the truth of the simulator."""

import pytest

from exporter.simulator import Certificate
from tests.dashboards import display
from tests.e2e.dashboards import truth, worlds
from tests.e2e.dashboards.prometheus import Prometheus, Series
from tests.e2e.dashboards.truth import DAY, RANKS
from tests.e2e.dashboards.worlds import METROS, NOW, WORLDS, Place
from tests.world.dashboard_files import panel, panel_queries

pytestmark = pytest.mark.e2e

UID = "ukc-certificate"
QUERIES = {(query.place, query.ref): query for query in panel_queries(UID)}
TABLE, COURSE = "The domain's certificates", "Time left, and when it becomes too little"

#: Each certificate of the account that is worth looking at, by domain.
MIXTURE = {(metro, name): one for (_, metro, name), one in worlds.seen(WORLDS["mixture"]).items()}
each_domain = pytest.mark.parametrize(
    "domain", sorted({one.common_name for one in MIXTURE.values()})
)


def asked(prometheus: Prometheus, place: str, ref: str, domain: str) -> list[Series]:
    """The answer to a query of the dashboard, opened for a domain."""
    opened = prometheus.opened(UID, NOW, job="mixture", domain=domain)
    return prometheus.answer(QUERIES[place, ref], opened)


def column(prometheus: Prometheus, ref: str, domain: str) -> dict[Place, float]:
    """A column of numbers, by metro and name."""
    return {
        (series["metric"]["metro"], series["metric"]["name"]): float(series["value"][1])
        for series in asked(prometheus, TABLE, ref, domain)
    }


def labels(prometheus: Prometheus, ref: str, domain: str, label: str) -> dict[Place, str]:
    """A column of texts."""
    return {
        (series["metric"]["metro"], series["metric"]["name"]): series["metric"][label]
        for series in asked(prometheus, TABLE, ref, domain)
    }


def of(domain: str) -> dict[Place, Certificate]:
    """The certificates of a domain."""
    return {place: one for place, one in MIXTURE.items() if one.common_name == domain}


@each_domain
def test_reasons(prometheus: Prometheus, domain: str) -> None:
    """A row for each certificate, with the colour of its most severe reason."""
    reasons = worlds.reasons(WORLDS["mixture"])
    expected = {
        (*place, reason): RANKS.get(severity, 0)
        for place in of(domain)
        for reason, severity in (reasons["default", *place] or {"": "none"}).items()
    }

    found = {
        (m["metro"], m["name"], m.get("reason", "")): float(value)
        for m, value in (
            (series["metric"], series["value"][1])
            for series in asked(prometheus, TABLE, "A", domain)
        )
    }
    assert found == expected


@each_domain
def test_facts(prometheus: Prometheus, domain: str) -> None:
    """State, renewal, days left, use and the next attempt."""
    certificates = of(domain)
    left = {p: (c.not_after - NOW) / DAY for p, c in certificates.items() if c.not_after}
    attempts = {p: c.next - NOW for p, c in certificates.items() if c.next}

    assert labels(prometheus, "B", domain, "state") == {p: c.state for p, c in certificates.items()}
    assert labels(prometheus, "C", domain, "renewal") == {
        p: c.renewal for p, c in certificates.items()
    }
    assert column(prometheus, "D", domain) == pytest.approx(left)
    assert column(prometheus, "F", domain) == {
        p: len(c.service_groups) for p, c in certificates.items()
    }
    assert column(prometheus, "G", domain) == attempts


def behind(domain: str) -> dict[Place, float]:
    """Days by which each uploaded one, left-overs excepted, ends before the last of them."""
    uploaded = {
        (metro, name): one.not_after
        for (metro, name), one in of(domain).items()
        if one.renewal == "manual"
        and one.not_after is not None
        and not truth.superseded(one, [c for (m, _), c in of(domain).items() if m == metro])
    }
    last = max(uploaded.values(), default=0)
    return {place: (last - end) / DAY for place, end in uploaded.items()}


@each_domain
def test_behind(prometheus: Prometheus, domain: str) -> None:
    """By how much each lags: what the platform renews is not compared."""
    assert column(prometheus, "E", domain) == pytest.approx(behind(domain))


def test_the_metro_that_lags_has_the_colour(prometheus: Prometheus) -> None:
    """And not the one that is right."""
    days = column(prometheus, "E", "*.cdn.example.net")
    colours = {
        metro: display.shown(panel(UID, TABLE), value, field="Value #E (max)")[1]
        for (metro, _), value in days.items()
    }

    assert colours == {"fra0": "text", "dal0": "orange"}
    assert days["dal0", "wildcard-cdn"] == pytest.approx(276)


@pytest.mark.parametrize(("ref", "days"), [("B", 30), ("C", 7)], ids=["warning", "critical"])
def test_limits(prometheus: Prometheus, ref: str, days: float) -> None:
    """They are drawn from their series, as days that are left: those of an upload for a year."""
    opened = prometheus.opened(UID, NOW, job="history", domain="*.example.com")
    found = prometheus.answer(QUERIES[COURSE, ref], opened)

    values = {(s["metric"]["metro"], float(value)) for s in found for _, value in s["values"]}
    assert values == {(metro, days) for metro in METROS}


def test_says_that_it_is_partial(prometheus: Prometheus) -> None:
    """A metro that a shard does not read may have more of them."""
    opened = prometheus.opened(UID, NOW, job="shard gone", domain="*.example.com")
    found = prometheus.answer(QUERIES[TABLE, "A"], opened)
    partial = [s["metric"] for s in found if float(s["value"][1]) > max(RANKS.values())]

    assert {labels["metro"] for labels in partial} == set(METROS)
    assert all(labels["name"].startswith("Partial: ") for labels in partial)
    assert display.shown(panel(UID, TABLE), 4, field="Value #A (max)") == ("partial", "#808080")


def test_severity_over_time(prometheus: Prometheus) -> None:
    """A certificate that was fine and is imminent now shows both."""
    opened = prometheus.opened(UID, NOW, job="history", domain="*.example.com")
    found = prometheus.answer(QUERIES["Severity", "A"], opened)

    values = {float(value) for series in found for _, value in series["values"]}
    assert {RANKS["warning"], RANKS["critical"]} <= values


def test_issues_tell_renewals_apart(prometheus: Prometheus) -> None:
    """A certificate of six days had several serial numbers within two weeks."""
    opened = prometheus.opened(UID, NOW, job="history", domain="edge-1.example.net")
    found = prometheus.answer(QUERIES["Issues under this domain", "A"], opened)

    assert len({series["metric"]["serial_number"] for series in found}) >= 3
