"""What the overview shows is the truth of the simulator, for every bundled scenario."""

import time
from collections.abc import Iterator

import pytest

from exporter.simulator import SCENARIOS
from tests.e2e import dashboards_overview
from tests.e2e.dashboards_overview import FLEET, QUERIES, Watched, opened
from tests.e2e.dashboards_prometheus import Series
from tests.e2e.dashboards_truth import (
    DAY,
    Place,
    count_failed,
    count_never_issued,
    count_urgency,
    renewal,
    seen,
    verdicts,
)
from tests.e2e.dashboards_world import METROS, world
from tests.world.dashboard_files import load, panels, replaced
from tests.world.tools import need

pytestmark = pytest.mark.e2e

#: A hundred thousand are for the bench; a thousand already are more than the table shows.
SIZED = {name: f"{name}:1000" if name == "large" else name for name in SCENARIOS}
TABLE = "Certificates, most urgent first"

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`mixture` is watched by two replicas."""
    need("prometheus")
    openings = {
        name: world(SIZED[name], replicas=2 if name == "mixture" else 1) for name in SCENARIOS
    }
    with dashboards_overview.watched(tmp_path_factory.mktemp("numbers"), openings) as found:
        yield found


def by_place(found: list[Series]) -> dict[Place, float]:
    """A column of the table: its numbers by metro and name."""
    return {(s["metric"]["metro"], s["metric"]["name"]): float(s["value"][1]) for s in found}


@each_scenario
@pytest.mark.parametrize(
    ("title", "count"),
    [
        pytest.param(
            "Expired", lambda of: count_urgency(of, "Expired", "Expired, unused"), id="expired"
        ),
        pytest.param("Imminent", lambda of: count_urgency(of, "Imminent"), id="imminent"),
        pytest.param("Failed", count_failed, id="failed"),
        pytest.param("Never issued", count_never_issued, id="never issued"),
        pytest.param("Renewal overdue", lambda of: count_urgency(of, "Overdue"), id="overdue"),
        pytest.param("Expiring soon", lambda of: count_urgency(of, "Expiring soon"), id="soon"),
    ],
)
class TestTile:
    """A tile counts certificates, each once; where nobody could look it is unknown, not 0."""

    def test_with_the_rules(self, watched: Watched, scenario: str, title: str, count) -> None:  # type: ignore[no-untyped-def]
        """Judgements and facts."""
        of = watched.worlds[scenario]

        got = watched.tile(scenario, title)
        assert got == (count(of) if seen(of) else None)

    def test_without_the_rules(self, watched: Watched, scenario: str, title: str, count) -> None:  # type: ignore[no-untyped-def]
        """Facts are shown; what only the rules can judge is unknown."""
        of = watched.worlds[scenario]
        known = seen(of) and title in {"Expired", "Failed", "Never issued"}

        got = watched.tile(scenario, title, plain=True)
        if title in {"Expired", "Failed"} and known:
            # Left-overs are counted too: that they are is a judgement.
            assert got is not None
            assert got >= count(of)
        else:
            assert got == (count(of) if known else None)


@each_scenario
def test_next_expiry(watched: Watched, scenario: str) -> None:
    """The soonest end among certificates in use that have not expired."""
    now = time.time()
    ends = [
        one.not_after
        for one in seen(watched.worlds[scenario]).values()
        if one.service_groups and one.not_after is not None and one.not_after > now
    ]

    got = watched.tile(scenario, "Next expiry")
    assert got == (pytest.approx((min(ends) - now) / DAY, abs=0.01) if ends else None)


@each_scenario
def test_age_of_the_data(watched: Watched, scenario: str) -> None:
    """Seconds where metros answer; the age of the epoch, which reads "never", where none did."""
    got = watched.tile(scenario, "Age of the data")

    assert got is not None
    assert (got > 1e9) is not bool(seen(watched.worlds[scenario]))
    assert got > 1e9 or got < 600


@each_scenario
def test_states_by_metro(watched: Watched, scenario: str) -> None:
    """Every metro that was read has a number in every column."""
    certificates = seen(watched.worlds[scenario])
    columns = {"A": "valid", "B": "pending", "C": "error", "D": None}
    got = {
        (series["metric"]["metro"], state): float(series["value"][1])
        for ref, state in columns.items()
        for series in watched.asked(scenario, "States by metro", ref)
    }

    known = [state for state in columns.values() if state]
    assert got == {
        (metro, state): sum(
            one.state == state if state else one.state not in known
            for (where, _), one in certificates.items()
            if where == metro
        )
        for metro in METROS
        for state in columns.values()
        if certificates
    }


@each_scenario
def test_verdicts(watched: Watched, scenario: str) -> None:
    """Each row's word and colour are the truth, and no certificate that needs one is left out."""
    truth = verdicts(watched.worlds[scenario])
    (panel,) = (p for p in panels(load(FLEET)) if p["title"] == TABLE)
    mapping = next(
        prop["value"][0]["options"]
        for override in panel["fieldConfig"]["overrides"]
        for prop in override["properties"]
        if override["matcher"]["options"] == "Value #A" and prop["id"] == "mappings"
    )
    colours = {"red": "critical", "orange": "warning", "green": "none", "#808080": "none"}
    got = {
        place: (mapping[str(int(number))]["text"], colours[mapping[str(int(number))]["color"]])
        for place, number in by_place(watched.asked(scenario, TABLE)).items()
    }

    assert got == {place: truth[place] for place in got}
    wanting = {place for place, (_, severity) in truth.items() if severity != "none"}
    if len(wanting) <= 100:
        assert wanting <= set(got)
    assert len(got) >= min(len(truth), 100)
    assert len(got) <= 100 * len(METROS)


def test_columns(watched: Watched) -> None:
    """The other columns of the table, for the scenario that has everything."""
    now, truth = time.time(), seen(watched.worlds["mixture"])
    ends = {p: (c.not_before, c.not_after) for p, c in truth.items()}
    issued = {p: (float(a), float(z)) for p, (a, z) in ends.items() if a and z}
    wanted: dict[str, dict[Place, float]] = {
        "B": {p: {"valid": 1, "pending": 2, "error": 3}[c.state] for p, c in truth.items()},
        "C": {p: (end - now) / DAY for p, (_, end) in issued.items()},
        "D": {p: max(0.0, (end - now) / (end - start)) for p, (start, end) in issued.items()},
        "E": {p: len(c.service_groups) for p, c in truth.items()},
        "F": {p: c.attempt or 0 for p, c in truth.items()},
    }

    for ref, numbers in wanted.items():
        got = by_place(watched.asked("mixture", TABLE, ref))
        assert got == pytest.approx(numbers, abs=0.01), ref
    got_labels = {
        (s["metric"]["metro"], s["metric"]["name"]): (
            s["metric"]["renewal"],
            s["metric"].get("issuer"),
        )
        for s in watched.asked("mixture", TABLE, "G")
    }
    assert got_labels == {p: (renewal(c), c.issuer) for p, c in truth.items()}


def test_the_most_urgent_come_first(watched: Watched) -> None:
    """Of a thousand certificates a hundred names are asked for, and none of them is fine."""
    truth = verdicts(watched.worlds["large"])
    offered = opened(watched.judged, "large")["urgent"].strip("()").split("|")
    needing = {name for (_, name), (_, severity) in truth.items() if severity != "none"}

    assert len(offered) == 100
    names = [name.replace("\\\\", "") for name in offered]
    assert len(needing) >= 100 or needing <= set(names)


def test_filter_by_name(watched: Watched) -> None:
    """“Name contains” narrows tiles, table and calendar alike."""
    got = watched.tile("mixture", "Failed", name="typo")

    assert got == len(METROS)
    rows = by_place(watched.asked("mixture", TABLE, name="typo"))
    assert {name.split(".")[0] for _, name in rows} == {"typo"}


@each_scenario
def test_expiries_ahead(watched: Watched, scenario: str) -> None:
    """A bar for each of the next days, and together they are the certificates that end then."""
    now = time.time()
    midnight = now // DAY * DAY
    chosen = opened(watched.judged, scenario)
    expr = replaced(QUERIES["Expiries ahead, per day", "A"].expr, {**chosen, "__to": str(int(now))})
    ends = [c.not_after for c in seen(watched.worlds[scenario]).values() if c.not_after]

    found = watched.judged.over_time(expr, midnight, midnight + 90 * DAY, DAY)
    got = {int(at): float(number) for series in found for at, number in series["values"]}
    days = [int(midnight + n * DAY) for n in range(91)]
    assert got == ({d: sum(d <= end < d + DAY for end in ends) for d in days} if ends else {})


def test_firing_alerts(watched: Watched) -> None:
    """The table of alerts has the alerts of expiry that are due, each certificate once."""
    names = {
        "Expired": "UKCCertificateExpired",
        "Expired, unused": "UKCCertificateExpired",
        "Imminent": "UKCCertificateExpiryImminent",
        "Overdue": "UKCCertificateRenewalOverdue",
        "Expiring soon": "UKCCertificateExpiringSoon",
    }
    truth = verdicts(watched.worlds["mixture"])
    wanted = {(p, names[word]) for p, (word, _) in truth.items() if word in names}

    got = {
        ((m["metro"], m["name"]), m["alertname"])
        for m in (s["metric"] for s in watched.asked("mixture", "Firing alerts"))
        if m["alertname"] in names.values()
    }
    assert wanted <= got


def test_no_rules_is_not_no_alerts(watched: Watched) -> None:
    """Where nothing can fire, the table says so instead of “none”."""
    (row,) = watched.asked("mixture", "Firing alerts", plain=True)

    assert row["metric"]["alertname"] == "The alert rules are not loaded here"
    words = set(by_place(watched.asked("mixture", TABLE, plain=True)).values())
    assert 0 not in words
