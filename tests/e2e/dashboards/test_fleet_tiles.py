"""The fleet's tiles show the truth of the simulator, in the colour of its severity."""

from collections import Counter
from collections.abc import Callable

import pytest

from exporter.simulator import Certificate
from tests.e2e.dashboards import truth, worlds
from tests.e2e.dashboards.fleet import (
    COLOURS,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SHOWN,
    Tile,
    asked,
    most_severe,
    tile,
)
from tests.e2e.dashboards.prometheus import Prometheus
from tests.e2e.dashboards.truth import RANKS
from tests.e2e.dashboards.worlds import NOW, WORLDS

pytestmark = pytest.mark.e2e

UNKNOWN: Tile = (None, "unknown", GREY)


class TestTiles:
    """Each certificate is counted once, by its gravest severity; unknown where nobody looked."""

    @pytest.mark.parametrize("severity", RANKS)
    @pytest.mark.parametrize("job", SHOWN)
    def test_severity(self, prometheus: Prometheus, job: str, severity: str) -> None:
        """Red is what is critical, and nothing else is."""
        number = most_severe(WORLDS[job])[severity]
        known = (number, None, COLOURS[severity] if number else GREEN)

        expected = known if worlds.seen(WORLDS[job]) else UNKNOWN
        assert expected == tile(prometheus, job, severity.title())

    @pytest.mark.parametrize("job", SHOWN)
    def test_total_and_ok(self, prometheus: Prometheus, job: str) -> None:
        """With the tiles of the severities they add up."""
        every, fine = len(worlds.seen(WORLDS[job])), most_severe(WORLDS[job])[None]

        expected = (every, None, "text") if every else UNKNOWN
        assert expected == tile(prometheus, job, "Total")
        expected = (fine, None, GREEN if fine else "text") if every else UNKNOWN
        assert expected == tile(prometheus, job, "OK")

    @pytest.mark.parametrize("job", ["series none", "series of one metro"])
    def test_without_series(self, prometheus: Prometheus, job: str) -> None:
        """Reasons that are shown nowhere are counted each by itself: never less than the truth."""
        of = WORLDS[job]
        hidden = [f for (_, metro, _), f in worlds.reasons(of).items() if not _shown(job, metro)]
        shown = [f for (_, metro, _), f in worlds.reasons(of).items() if _shown(job, metro)]
        expected = Counter(severity for found in hidden for severity in found.values())
        expected.update(filter(None, map(truth.most_severe, shown)))
        every = len(worlds.seen(of))

        for severity, number in expected.items():
            assert (number, None, COLOURS[severity]) == tile(prometheus, job, severity.title())
        assert every == tile(prometheus, job, "Total")[0]
        assert every - sum(expected.values()) == tile(prometheus, job, "OK")[0]

    @pytest.mark.parametrize(
        ("job", "expected"),
        [
            pytest.param("mixture", (0, None, GREEN), id="all read"),
            pytest.param("unread", (1, None, ORANGE), id="one is not"),
            pytest.param("outvoted", (0, None, GREEN), id="one replica of two reads it"),
            pytest.param("shard gone", (2, None, ORANGE), id="not by every shard"),
            pytest.param("metro-outage", (2, None, ORANGE), id="none is"),
            pytest.param("down", (-1, "exporter down", RED), id="no exporter answers"),
        ],
    )
    def test_metros_not_read(
        self, prometheus: Prometheus, job: str, expected: tuple[float, str | None, str]
    ) -> None:
        """What is not seen is said, and not taken for good."""
        assert expected == tile(prometheus, job, "Metros not read")

    @pytest.mark.parametrize(
        ("job", "fresh", "old"),
        [
            pytest.param("mixture", (0, None, GREEN), (None, None, ORANGE), id="fresh"),
            pytest.param("unread", (None, "unknown", GREY), (3600, None, ORANGE), id="old"),
            pytest.param(
                "metro-outage", (None, "unknown", GREY), (NOW, "never read", ORANGE), id="never"
            ),
        ],
    )
    def test_data_age(
        self,
        prometheus: Prometheus,
        job: str,
        fresh: tuple[float | None, str | None, str],
        old: tuple[float | None, str | None, str],
    ) -> None:
        """One of two queries answers: which says whether the alert would."""
        assert fresh == tile(prometheus, job, "Data age")
        if old[0] is None:
            assert asked(prometheus, job, "Data age", "B") == []
        else:
            assert old == tile(prometheus, job, "Data age", "B")


def _shown(job: str, metro: str) -> bool:
    """Whether a metro's certificates have series of their own."""
    return WORLDS[job].exporters[0].series in {"all", "attention", metro}


def matches(search: str) -> Callable[[Certificate], bool]:
    """What a person means by a search: the text as it is, in the domain or the name."""
    text = search.lower()
    return lambda one: text in one.common_name.lower() or text in one.name.lower()


class TestSearch:
    """One search over domains and names, without case, of the text as it is."""

    @pytest.mark.parametrize(
        "search",
        [
            "Checkout",
            "cdn.example.net",
            "*.example.com",
            "wildcard-",
            "shop",
            "g.e",
            "zzz",
            "(",
            "\\",
        ],
    )
    def test_tiles(self, prometheus: Prometheus, search: str) -> None:
        """Each is about what is found; where nothing is, grey, and none is a green zero."""
        of = WORLDS["mixture"]
        found = {p for p, one in worlds.seen(of).items() if matches(search)(one)}
        by_severity = Counter(truth.most_severe(worlds.reasons(of)[place]) for place in found)
        counted = {"Total": len(found), "OK": by_severity[None]}
        counted |= {severity.title(): by_severity[severity] for severity in RANKS}

        for title, number in counted.items():
            shown, text, shade = tile(prometheus, "mixture", title, search=search)
            if found:
                assert (number, None) == (shown, text), title
            else:
                assert (-1, "no match", GREY) == (shown, text, shade), title

    def test_table(self, prometheus: Prometheus) -> None:
        """It has the domains that are found and need somebody."""
        rows = asked(prometheus, "mixture", "What needs attention, by domain", search="EXAMPLE.NET")

        assert {row["metric"]["common_name"] for row in rows} == {"*.cdn.example.net"}

    def test_without_series(self, prometheus: Prometheus) -> None:
        """What has no series cannot be searched: no match, and not a zero."""
        for title in ("Critical", "OK", "Total"):
            assert (-1, "no match", GREY) == tile(prometheus, "series none", title, search="shop")
