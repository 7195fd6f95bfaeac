"""The fleet's table has a row for each domain that needs somebody, and says what it lacks."""

import dataclasses

import pytest

from tests.dashboards import display
from tests.dashboards.grafana import Value
from tests.e2e.dashboards import truth, worlds
from tests.e2e.dashboards.fleet import COLOURS, FLEET, GREEN, GREY, SHOWN, asked
from tests.e2e.dashboards.prometheus import Prometheus
from tests.e2e.dashboards.truth import DAY, RANKS
from tests.e2e.dashboards.worlds import METROS, NOW, WORLDS
from tests.world.dashboard_files import panel

pytestmark = pytest.mark.e2e

TABLE = "What needs attention, by domain"
#: Rows above it say what the table lacks.
REMARK = 4e12
Key = tuple[str, str]
"""Account and domain."""


@dataclasses.dataclass
class Row:
    """A row as its transformations put it together; `days` are the least time left, rounded."""

    severity: tuple[str | None, str]
    reasons: set[str]
    metros: set[str]
    days: float | None = None

    def join(self, other: "Row") -> None:
        """Add a row of the same domain that is not graver."""
        self.reasons |= other.reasons
        self.metros |= other.metros
        self.days = min((d for d in (self.days, other.days) if d is not None), default=None)


def shown_severity(score: float) -> tuple[str | None, str]:
    """The word and the colour of a row."""
    return display.shown(panel(FLEET, TABLE), score, field="Value #A (max)")


def joined(rows: list[tuple[float, Key, Row]]) -> dict[Key, Row]:
    """One row for each domain, from ranked ones; the most severe says what it is."""
    table: dict[Key, Row] = {}
    for _, key, row in sorted(rows, key=lambda entry: -entry[0]):
        if key in table:
            table[key].join(row)
        else:
            table[key] = row
    return table


def found_rows(prometheus: Prometheus, job: str, **values: Value) -> dict[Key, Row]:
    """The table of a world, without what it says of itself."""
    days = {
        frozenset(series["metric"].items()): round(float(series["value"][1]), 4)
        for series in asked(prometheus, job, TABLE, ref="B", **values)
    }
    rows = []
    for series in asked(prometheus, job, TABLE, ref="A", **values):
        labels, score = dict(series["metric"]), float(series["value"][1])
        if score > REMARK:
            continue
        for added in ("runbook", "of"):
            labels.pop(added, None)
        left = days.get(frozenset(labels.items()))
        reasons, metros = {labels.get("reason", "")}, {labels["metro"]}
        row = Row(shown_severity(score), reasons, metros, left)
        rows.append((score, (labels["account"], labels["common_name"]), row))
    return joined(rows)


def expected_rows(job: str, *severities: str | None) -> dict[Key, Row]:
    """What it should have of certificates with a reason of these severities."""
    of, rows = WORLDS[job], []
    for place, found in worlds.reasons(of).items():
        chosen = {reason: s for reason, s in found.items() if s in severities}
        if not chosen and (found or None not in severities):
            continue
        one, worst = worlds.seen(of)[place], truth.most_severe(chosen)
        left = None if one.not_after is None else round((one.not_after - NOW) / DAY, 4)
        row = Row(
            (worst, COLOURS[worst]) if worst else ("OK", GREEN),
            set(chosen) or {""},
            {place[1]},
            left,
        )
        rows.append((float(RANKS[worst] if worst else 0), (place[0], one.common_name), row))
    return joined(rows)


class TestTable:
    """A row for each domain that needs somebody, and no other."""

    @pytest.mark.parametrize("job", SHOWN)
    def test_rows(self, prometheus: Prometheus, job: str) -> None:
        """Severity and colour, reasons, the metros that are wrong, and the least time left."""
        assert found_rows(prometheus, job) == expected_rows(job, *RANKS)

    @pytest.mark.parametrize(
        ("chosen", "severities"),
        [
            pytest.param(("critical",), ("critical",), id="critical"),
            pytest.param(("info",), ("info",), id="info"),
            pytest.param(("ok|",), (None,), id="what needs nothing"),
            pytest.param("$__all", (*RANKS, None), id="all"),
        ],
    )
    def test_what_a_tile_leads_to(
        self, prometheus: Prometheus, chosen: Value, severities: tuple[str | None, ...]
    ) -> None:
        """The rows of what it counts."""
        found = found_rows(prometheus, "mixture", severity=chosen)

        assert found == expected_rows("mixture", *severities)

    def test_one_reason(self, prometheus: Prometheus) -> None:
        """The rows of what the panel beside it counts."""
        found = found_rows(prometheus, "mixture", reason=("imminent",), severity="$__all")

        assert [row for row in found.values() if row.reasons != {"imminent"}] == []
        assert found

    def test_the_gravest_come_first(self, prometheus: Prometheus) -> None:
        """And of them what expires sooner."""
        found = asked(prometheus, "mixture", TABLE)
        scores = [float(series["value"][1]) for series in found]
        grave = [series["metric"]["severity"] for series in found if series["metric"].get("reason")]

        assert scores == sorted(scores, reverse=True)
        assert [RANKS[s] for s in grave] == sorted((RANKS[s] for s in grave), reverse=True)

    @pytest.mark.parametrize(
        ("job", "remark", "metros"),
        [
            pytest.param("mixture", "", set(), id="whole"),
            pytest.param("series attention", "", set(), id="nothing that needs it is hidden"),
            pytest.param("unread", "not read", {"dal0"}, id="a metro is not read"),
            pytest.param("shard gone", "not read", set(METROS), id="not by every shard"),
            pytest.param("series none", "no series", set(METROS), id="nothing has series"),
            pytest.param("series of one metro", "no series", {"dal0"}, id="one metro has none"),
        ],
    )
    def test_says_what_it_lacks(
        self, prometheus: Prometheus, job: str, remark: str, metros: set[str]
    ) -> None:
        """A list that is not whole says so, in a row above the others."""
        partial = [s for s in asked(prometheus, job, TABLE) if float(s["value"][1]) > REMARK]

        assert metros == {series["metric"]["metro"] for series in partial}
        assert all(remark in series["metric"]["common_name"] for series in partial)
        shown = {shown_severity(float(series["value"][1])) for series in partial}
        assert shown <= {("partial", GREY)}

    @pytest.mark.parametrize(
        ("job", "accounts"), [("mixture", {None}), ("accounts", {"acme", "globex"})]
    )
    def test_the_account_is_there_where_there_are_several(
        self, prometheus: Prometheus, job: str, accounts: set[str | None]
    ) -> None:
        """The column that shows it has no field where there is one."""
        found = asked(prometheus, job, TABLE)

        assert {series["metric"].get("of") for series in found} == accounts
