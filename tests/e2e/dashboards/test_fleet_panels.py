"""What the fleet's other panels show is the truth of the simulator."""

from collections import Counter

import pytest

from tests.dashboards import display
from tests.e2e.dashboards import worlds
from tests.e2e.dashboards.fleet import asked
from tests.e2e.dashboards.prometheus import Prometheus
from tests.e2e.dashboards.truth import DAY, RANKS
from tests.e2e.dashboards.worlds import NOW, WORLDS

pytestmark = pytest.mark.e2e

each_world = pytest.mark.parametrize("job", WORLDS)


class TestByReason:
    """How often each reason applies."""

    @each_world
    def test_counts(self, prometheus: Prometheus, job: str) -> None:
        """With or without series, each with its severity's rank."""
        expected = Counter(
            pair for found in worlds.reasons(WORLDS[job]).values() for pair in found.items()
        )

        assert self._counts(prometheus, job) == expected
        ranks = asked(prometheus, job, "By reason", "A")
        for series in ranks:
            if series["metric"]["reason"] != "not_read":
                assert float(series["value"][1]) == RANKS[series["metric"]["severity"]]

    def _counts(self, prometheus: Prometheus, job: str) -> dict[tuple[str, str], float]:
        return {
            (series["metric"]["reason"], series["metric"]["severity"]): float(series["value"][1])
            for series in asked(prometheus, job, "By reason", "B")
        }

    @pytest.mark.parametrize(
        ("job", "partial"),
        [("mixture", []), ("unread", [4]), ("shard unread", [4]), ("shard gone", [4])],
    )
    def test_says_what_is_not_read(
        self, prometheus: Prometheus, job: str, partial: list[float]
    ) -> None:
        """Counts of metros that are not read by every shard are partial, and say so."""
        ranks = [
            float(series["value"][1])
            for series in asked(prometheus, job, "By reason", "A")
            if series["metric"]["reason"] == "not_read"
        ]

        assert ranks == partial


class TestExpiries:
    """Bars of the days ahead, counted from now."""

    @pytest.mark.parametrize("hours", [2, 0, -5], ids=["UTC+2", "UTC", "UTC-5"])
    @pytest.mark.parametrize(
        "job", [job for job, of in WORLDS.items() if of.exporters[0].series == "all"]
    )
    def test_bars(self, prometheus: Prometheus, job: str, hours: int) -> None:
        """Each counts what expires within its 24 hours, and stands at the day when they begin."""
        ends = [one.not_after for one in worlds.seen(WORLDS[job]).values() if one.not_after]
        steps = Counter((end - NOW) // DAY for end in ends if 0 <= end - NOW < 90 * DAY)

        found = {
            float(series["metric"]["day"]): float(series["value"][1])
            for series in asked(prometheus, job, "Expiries ahead, per day")
        }
        assert found == {1000 * (NOW + step * DAY): count for step, count in steps.items()}
        first = {2: "27 Nov", 0: "26 Nov", -5: "26 Nov"}[hours]
        assert display.day(1000 * NOW, hours) == first


class TestAlerts:
    """The alerts that fire, those of a domain together."""

    def test_rows(self, prometheus: Prometheus) -> None:
        """A row for each alert, severity and domain, and one for the metro."""
        found = {
            (m["alertname"], m["severity"], m.get("common_name"), m.get("metro")): float(value)
            for m, value in (
                (series["metric"], series["value"][1])
                for series in asked(prometheus, "mixture", "Firing alerts", "B")
            )
        }
        of = WORLDS["mixture"]
        expected = Counter(
            (severity, worlds.seen(of)[place].common_name)
            for place, reasons in worlds.reasons(of).items()
            for severity in reasons.values()
        )

        stale = found.pop(("UKCDataStale", "warning", None, "dal0"))
        assert stale == 1
        got: Counter[tuple[str, str | None]] = Counter()
        for (_, severity, domain, metro), number in found.items():
            assert metro is None
            got[severity, domain] += int(number)
        assert got == expected

    def test_since_and_rank(self, prometheus: Prometheus) -> None:
        """Every row has both."""
        counts = asked(prometheus, "mixture", "Firing alerts", "B")
        since = asked(prometheus, "mixture", "Firing alerts", "C")
        ranks = asked(prometheus, "mixture", "Firing alerts", "A")

        assert len(counts) == len(since) == len(ranks)
        assert {float(s["value"][1]) for s in since} == {1000 * (NOW - DAY), 1000 * (NOW - 600)}
        for series in ranks:
            assert float(series["value"][1]) == RANKS[series["metric"]["severity"]]

    def test_no_rules_is_not_no_alerts(self, prometheus: Prometheus) -> None:
        """Where something should fire and nothing does, the table says so instead of “none”."""
        (row,) = asked(prometheus, "dns-broken", "Firing alerts", "B")

        assert "load the alert rules" in row["metric"]["alertname"]
        assert asked(prometheus, "healthy", "Firing alerts", "B") == []


COLUMNS = {"A": "valid", "B": "pending", "C": "error"}


@each_world
def test_states_by_metro(prometheus: Prometheus, job: str) -> None:
    """Certificates by state, with or without series."""
    of = WORLDS[job]
    expected = Counter({(a, m, s): 0 for a, m, _ in worlds.seen(of) for s in COLUMNS.values()})
    expected.update((a, m, one.state) for (a, m, _), one in worlds.seen(of).items())

    found = {
        (series["metric"]["account"], series["metric"]["metro"], state): float(series["value"][1])
        for ref, state in COLUMNS.items()
        for series in asked(prometheus, job, "States and reasons, by metro", ref)
    }
    assert found == expected


@each_world
def test_reasons_by_metro(prometheus: Prometheus, job: str) -> None:
    """Reasons by severity."""
    of = WORLDS[job]
    expected = Counter({(a, m, s): 0 for a, m, _ in worlds.seen(of) for s in RANKS})
    expected.update(
        (a, m, severity)
        for (a, m, _), reasons in worlds.reasons(of).items()
        for severity in reasons.values()
    )

    found = {
        (series["metric"]["account"], series["metric"]["metro"], severity): float(
            series["value"][1]
        )
        for ref, severity in zip("EFG", RANKS, strict=True)
        for series in asked(prometheus, job, "States and reasons, by metro", ref)
    }
    assert found == expected


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("mixture", {"fra0": 0, "dal0": 0}),
        ("outvoted", {"fra0": 0, "dal0": 0}),
        ("unread", {"fra0": 0, "dal0": 1}),
        ("shard unread", {"fra0": 0, "dal0": 1}),
        ("shard gone", {"fra0": 1, "dal0": 1}),
        ("metro-outage", {"fra0": 1, "dal0": 1}),
    ],
)
def test_shards_that_do_not_read(
    prometheus: Prometheus, job: str, expected: dict[str, float]
) -> None:
    """Beside the numbers that are short of them."""
    found = {
        series["metric"]["metro"]: float(series["value"][1])
        for series in asked(prometheus, job, "States and reasons, by metro", "I")
    }

    assert found == expected
