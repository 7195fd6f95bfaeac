"""What the overview shows of certificates that have no series: the truth, or that it is unknown."""

import time
from collections.abc import Callable, Iterator

import pytest

from exporter.config import Pattern, Selection
from exporter.simulator import Certificate
from tests.e2e import dashboards_overview
from tests.e2e.dashboards_overview import FLEET, Watched
from tests.e2e.dashboards_truth import (
    Place,
    count_failed,
    count_never_issued,
    count_urgency,
    seen,
    superseded,
    urgency,
)
from tests.e2e.dashboards_world import METROS, World, world
from tests.world.dashboard_files import load, panels
from tests.world.tools import need

pytestmark = pytest.mark.e2e

OFF = -1
"""What a tile is given for "series are off"."""

NONE, ATTENTION = Selection(series="none"), Selection(series="attention")
ONE = Selection(max_certificates=1)
AUTOMATIC = Selection(series="attention", exclude=Pattern("wildcard-.*"))
SELECTIONS = {
    "none": ("mixture", dict.fromkeys(METROS, NONE)),
    "attention": ("mixture", dict.fromkeys(METROS, ATTENTION)),
    "healthy, attention": ("healthy", dict.fromkeys(METROS, ATTENTION)),
    "plainly healthy": ("healthy", dict.fromkeys(METROS, AUTOMATIC)),
    "one metro off": ("mixture", {METROS[0]: NONE}),
    "one each": ("mixture", dict.fromkeys(METROS, ONE)),
}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """`none` is watched by two replicas."""
    need("prometheus")
    openings = {
        job: world(scenario, replicas=2 if job == "none" else 1, selections=selections)
        for job, (scenario, selections) in SELECTIONS.items()
    }
    with dashboards_overview.watched(tmp_path_factory.mktemp("aggregates"), openings) as found:
        yield found


def count(of: World, meant: Callable[[Certificate], bool], *metros: str) -> int:
    """Certificates of these metros (of all, if none is given), left-overs too."""
    return sum(meant(one) for (metro, _), one in seen(of).items() if metro in (metros or METROS))


def expired(one: Certificate) -> bool:
    """Its validity is over."""
    return one.not_after is not None and one.not_after <= time.time()


def failed(one: Certificate) -> bool:
    """The platform gave up."""
    return one.state == "error"


def never_issued(one: Certificate) -> bool:
    """Pending with no validity."""
    return one.state == "pending" and one.not_after is None


FACTS = {"Expired": expired, "Failed": failed, "Never issued": never_issued}
JUDGEMENTS = {
    "Imminent": "Imminent",
    "Renewal overdue": "Overdue",
    "Expiring soon": "Expiring soon",
}

facts = pytest.mark.parametrize(("title", "meant"), FACTS.items(), ids=list(FACTS))
judgements = pytest.mark.parametrize(("title", "word"), JUDGEMENTS.items(), ids=list(JUDGEMENTS))
with_and_without_rules = pytest.mark.parametrize("plain", [False, True], ids=["rules", "no rules"])


@with_and_without_rules
class TestSeriesOff:
    """No certificate has series."""

    @facts
    def test_facts(
        self, watched: Watched, title: str, meant: Callable[[Certificate], bool], *, plain: bool
    ) -> None:
        """They are counted from the totals, however many replicas there are."""
        wanted = count(watched.worlds["none"], meant)

        assert wanted > 0
        assert wanted == watched.tile("none", title, plain=plain)

    @pytest.mark.parametrize("title", FACTS)
    def test_facts_of_a_name(self, watched: Watched, title: str, *, plain: bool) -> None:
        """No total knows a name: unknown, not zero."""
        assert OFF == watched.tile("none", title, plain=plain, name="legacy")

    @pytest.mark.parametrize("title", JUDGEMENTS)
    def test_judgements(self, watched: Watched, title: str, *, plain: bool) -> None:
        """Nobody can judge, and no zero says that all is well."""
        assert OFF == watched.tile("none", title, plain=plain)

    def test_next_expiry(self, watched: Watched, *, plain: bool) -> None:
        """No total knows a moment."""
        assert OFF == watched.tile("none", "Next expiry", plain=plain)

    @pytest.mark.parametrize("place", ["Expiries ahead, per day", "Renewals seen, per 12 hours"])
    def test_graphs(self, watched: Watched, place: str, *, plain: bool) -> None:
        """They are empty and say why, in place of a line at zero."""
        assert watched.asked("none", place, plain=plain) == []
        (panel,) = (p for p in panels(load(FLEET)) if p["title"] == place)
        assert "series are off" in panel["fieldConfig"]["defaults"]["noValue"]

    def test_hidden_ones_are_counted(self, watched: Watched, *, plain: bool) -> None:
        """All of them, once."""
        every = len(seen(watched.worlds["none"]))

        assert every == watched.tile("none", "Without series", plain=plain)


def test_off_is_grey_text() -> None:
    """Each tile that may be given the number for it writes a word, in the colour of unknown."""
    found = {}
    for panel in panels(load(FLEET)):
        for mapping in panel["fieldConfig"]["defaults"].get("mappings", ()):
            if panel["type"] == "stat" and mapping["type"] == "value":
                found[panel["title"]] = mapping["options"]

    grey = {"text": "series are off", "color": "#808080", "index": 0}
    assert found == {title: {str(OFF): grey} for title in (*FACTS, *JUDGEMENTS, "Next expiry")}


@pytest.mark.parametrize("job", sorted(SELECTIONS.keys() - {"plainly healthy"}))
def test_states_by_metro(watched: Watched, job: str) -> None:
    """They are those of all certificates, whatever has series."""
    columns = {"A": "valid", "B": "pending", "C": "error"}
    got = {
        (series["metric"]["metro"], state): float(series["value"][1])
        for ref, state in columns.items()
        for series in watched.asked(job, "States by metro", ref)
    }

    assert got == {
        (metro, state): sum(
            one.state == state
            for (where, _), one in seen(watched.worlds[job]).items()
            if where == metro
        )
        for metro in METROS
        for state in columns.values()
    }


@pytest.mark.parametrize(
    ("title", "truth"),
    [
        pytest.param("Expired", lambda of: count_urgency(of, "Expired", "Expired, unused")),
        pytest.param("Imminent", lambda of: count_urgency(of, "Imminent")),
        pytest.param("Failed", count_failed),
        pytest.param("Never issued", count_never_issued),
        pytest.param("Renewal overdue", lambda of: count_urgency(of, "Overdue")),
        pytest.param("Expiring soon", lambda of: count_urgency(of, "Expiring soon")),
    ],
)
def test_attention_hides_nothing(
    watched: Watched, title: str, truth: Callable[[World], float]
) -> None:
    """Each tile is what it would be with all series, left-overs excepted."""
    assert truth(watched.worlds["attention"]) == watched.tile("attention", title)


class TestPlainlyHealthy:
    """With `attention` no certificate is shown, for all are well; uploads are filtered."""

    @pytest.mark.parametrize("title", FACTS)
    def test_facts(self, watched: Watched, title: str) -> None:
        """Known to be none."""
        assert watched.tile("plainly healthy", title) == 0

    @pytest.mark.parametrize("title", [*JUDGEMENTS, "Next expiry"])
    def test_judgements(self, watched: Watched, title: str) -> None:
        """The totals do not tell this from series that are off."""
        assert OFF == watched.tile("plainly healthy", title)

    def test_filtered_ones_are_not_counted(self, watched: Watched) -> None:
        """Only what a setting about series leaves out."""
        every = [
            one for one in seen(watched.worlds["plainly healthy"]).values() if not one.wildcard
        ]

        assert len(every) == watched.tile("plainly healthy", "Without series")


class TestOneMetroOff:
    """The other metro has series."""

    @facts
    def test_facts(
        self, watched: Watched, title: str, meant: Callable[[Certificate], bool]
    ) -> None:
        """Those without series are added; that a left-over is one is known of the others only."""
        of = watched.worlds["one metro off"]
        left_over = sum(
            meant(seen(of)[place])
            for place in superseded(of)
            if place[0] == METROS[1] and title != "Never issued"
        )

        assert count(of, meant) - left_over == watched.tile("one metro off", title)

    @judgements
    def test_judgements(self, watched: Watched, title: str, word: str) -> None:
        """They are those of the metro that has series."""
        of = watched.worlds["one metro off"]
        wanted = sum(
            urgency(one) == word
            for place, one in seen(of).items()
            if place[0] == METROS[1] and place not in superseded(of)
        )

        assert wanted == watched.tile("one metro off", title)

    def test_hidden_ones_are_counted(self, watched: Watched) -> None:
        """The metro's own."""
        of = watched.worlds["one metro off"]

        hidden = sum(metro == METROS[0] for metro, _ in seen(of))
        assert hidden == watched.tile("one metro off", "Without series")


def test_alerts_that_stand_in(watched: Watched) -> None:
    """They fire where something in trouble is hidden, and nowhere else."""
    fired: dict[tuple[str, str], set[str]] = {}
    for series in watched.judged.instant('ALERTS{alertname=~"UKCOmitted.+", alertstate="firing"}'):
        labels = series["metric"]
        fired.setdefault((labels["job"], labels["alertname"]), set()).add(labels["metro"])

    where = {"none": set(METROS), "one metro off": {METROS[0]}, "one each": set(METROS)}
    assert fired == {
        (job, name): metros
        for job, metros in where.items()
        for name in ("UKCOmittedCertificatesExpiring", "UKCOmittedCertificatesError")
    }


def test_no_certificate_alert_is_lost_with_attention(watched: Watched) -> None:
    """The hidden ones of `attention` are in no alert, and none is lost of the shown ones."""
    expiring: set[Place] = {
        (s["metric"]["metro"], s["metric"]["name"])
        for s in watched.judged.instant(
            'ALERTS{job="attention", alertname="UKCCertificateExpired", alertstate="firing"}'
        )
    }
    of = watched.worlds["attention"]

    assert expiring == {
        place for place, one in seen(of).items() if place not in superseded(of) and expired(one)
    }
