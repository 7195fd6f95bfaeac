"""Alerts about metros, and about the exporter itself."""

from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from tests.alerts.pages import Metro, certificate, metro
from tests.alerts.promtool import Case
from tests.alerts.scrapes import answers, exporter, fails, is_gone

pytestmark = pytest.mark.e2e

DAY: Final = 1440

READ = metro()
UNREACHABLE, REFUSED, LIMITED = "UKCMetroUnreachable", "UKCUnauthorized", "UKCRateLimited"
STALE = "UKCDataStale warning"
SKIPPED = "UKCCertificatesSkipped warning"
DROPPED = "UKCInventoryDropped warning"
EMPTY = "UKCMetroEmpty info"
SKEWED = "UKCClockSkewed warning"
DOWN = "UKCExporterDown critical"
ERROR = "UKCExporterInternalError warning"
RELOAD = "UKCExporterConfigReloadFailed warning"


def failing(reason: str, **more: float) -> Metro:
    """A metro that was read last at minute 9."""
    return metro(failing=reason, last_success=9 * 60, **more)  # type: ignore[arg-type]


def both(name: str) -> list[str]:
    """The critical and the warning of a name, both waiting."""
    return [f"{name} critical pending", f"{name} warning pending"]


def warned(name: str) -> list[str]:
    """The warning of a name, while its critical waits."""
    return [f"{name} critical pending", f"{name} warning"]


UNREADABLE = {
    **{
        f"{reason}: a warning after ten minutes, critical after an hour": Case(
            [exporter(answers(10, READ), answers(70, failing(reason)), answers(1, READ))],
            {9: [], 18: both(name), 21: warned(name), 68: warned(name)}
            | {71: [f"{name} critical", f"{name} warning"], 80: []},
            about="UKC[MUR].+",
        )
        for reason, name in (
            ("connect", UNREACHABLE),
            ("unknown", UNREACHABLE),
            ("rate_limited", LIMITED),
        )
    },
    "a refused token: critical after ten minutes": Case(
        [exporter(answers(10, READ), answers(20, failing("unauthorized")), answers(1, READ))],
        {9: [], 18: [f"{REFUSED} critical pending"], 21: [f"{REFUSED} critical"], 30: []},
    ),
    "look-alike: nine bad minutes": Case(
        [exporter(answers(10, READ), answers(8, failing("connect")), answers(1, READ))],
        {16: both(UNREACHABLE), 18: [], 30: []},
    ),
    "failed scrapes do not start the wait again": Case(
        [
            exporter(
                answers(10, READ),
                answers(4, failing("connect")),
                fails(2),
                answers(1, failing("connect")),
            )
        ],
        {21: warned(UNREACHABLE), 71: [f"{UNREACHABLE} critical", f"{UNREACHABLE} warning"]},
        about="UKCM.+",
    ),
    "look-alike: a new process has not polled yet": Case(
        [exporter(answers(10, READ), fails(2), answers(3, metro(failing="unknown")), answers(1))],
        {13: [], 20: []},
    ),
    "taken out of the configuration": Case(
        [exporter(answers(40, READ, metro("dal0", failing="connect")), answers(1, READ))],
        {39: [*warned(UNREACHABLE), STALE], 46: []},
    ),
    "only the metro that fails": Case(
        [exporter(answers(1, READ, metro("dal0", failing="connect")))],
        {24: [*warned(UNREACHABLE), STALE]},
    ),
    "look-alike: one of two replicas reads it": Case(
        [
            exporter(answers(1, READ)),
            exporter(answers(1, metro(failing="connect", last_success=1)), instance="b"),
        ],
        {90: []},
    ),
    "two replicas without it: one alert": Case(
        [exporter(answers(1, metro(failing="connect")), instance=replica) for replica in "ab"],
        {24: [*warned(UNREACHABLE), STALE]},
    ),
    "one shard of two cannot read it": Case(
        [
            exporter(answers(1, READ, shard=0, shards=2)),
            exporter(answers(1, metro(failing="connect"), shard=1, shards=2), instance="b"),
        ],
        {24: [*warned(UNREACHABLE), STALE]},
    ),
    "no shard can read it: an alert for each": Case(
        [
            exporter(
                answers(1, metro(failing="connect"), shard=shard, shards=2), instance=str(shard)
            )
            for shard in range(2)
        ],
        {24: [*(f"2 {alert}" for alert in (*warned(UNREACHABLE), STALE))]},
    ),
    "a token that was refused two hours ago does not name the fault of today": Case(
        [
            exporter(
                answers(30, failing("unauthorized")),
                answers(100, READ),
                answers(1, failing("connect")),
            )
        ],
        {29: [f"{REFUSED} critical"], 145: warned(UNREACHABLE)},
        about="UKC[MU].+",
    ),
}

OLD_OR_INCOMPLETE = {
    "stale: polls neither fail nor end": Case(
        [exporter(answers(10, READ), answers(20, metro(last_success=540)), answers(1, READ))],
        {24: [], 26: [f"{STALE} pending"], 30: []},
    ),
    "stale: after twenty minutes": Case(
        [exporter(answers(10, READ), answers(30, metro(last_success=540)))],
        {27: [f"{STALE} pending"], 31: [STALE]},
    ),
    "look-alike: stale: polled every hour": Case(
        [exporter(answers(10, READ), answers(1, metro(last_success=540, interval=3600)))], {170: []}
    ),
    "stale: not polled for three of its hours": Case(
        [exporter(answers(10, READ), answers(1, metro(last_success=540, interval=3600)))],
        {200: [STALE]},
    ),
    "look-alike: stale: a replica is": Case(
        [
            exporter(answers(1, READ)),
            exporter(answers(1, metro(last_success=1)), instance="b"),
        ],
        {60: []},
    ),
    "skipped": Case(
        [exporter(answers(10, READ), answers(20, metro(skipped=2)), answers(1, READ))],
        {9: [], 10: [f"{SKIPPED} pending"], 24: [f"{SKIPPED} pending"], 25: [SKIPPED], 36: []},
    ),
    "skipped: a field": Case(
        [exporter(answers(10, READ), answers(20, metro(unread=2)), answers(1, READ))],
        {9: [], 10: [f"{SKIPPED} pending"], 24: [f"{SKIPPED} pending"], 25: [SKIPPED], 36: []},
    ),
    "skipped: both, and failed scrapes": Case(
        [
            exporter(
                answers(4, metro(skipped=1, unread=1)),
                fails(2),
                answers(1, metro(skipped=1, unread=1)),
            )
        ],
        {14: [f"2 {SKIPPED} pending"], 15: [f"2 {SKIPPED}"]},
    ),
    "look-alike: skipped: by one poll": Case(
        [exporter(answers(10, READ), answers(1, metro(skipped=2, unread=2)), answers(1, READ))],
        {10: [f"2 {SKIPPED} pending"], 30: []},
    ),
}

NUMBERS: Final = {
    # from, to: whether it is told
    (10, 4): True,
    (10, 5): False,
    (100, 50): False,
    (100, 49): True,
    (8, 3): True,
    (8, 4): False,
    (7, 3): False,
    (6, 1): True,
    (5, 1): False,
    (5, 0): True,
    (4, 1): False,
    (4, 0): True,
    (3, 1): False,
    (3, 0): True,
    (2, 0): False,
    (1, 0): False,
}

INVENTORY = {
    **{
        f"from {before} to {after} certificates": Case(
            [exporter(answers(30, metro(listed=before)), answers(1, metro(listed=after)))],
            {29: [], 37: [DROPPED] if told else [], 85: [DROPPED] if told else [], 92: []},
        )
        for (before, after), told in NUMBERS.items()
    },
    "they come back": Case(
        [exporter(answers(30, READ), answers(20, metro(listed=0)), answers(1, READ))],
        {45: [DROPPED], 50: []},
    ),
    "a failed scrape changes nothing": Case(
        [
            exporter(
                answers(30, READ),
                answers(7, metro(listed=0)),
                fails(2),
                answers(1, metro(listed=0)),
            )
        ],
        {37: [DROPPED, f"{DOWN} pending"], 39: [DROPPED]},
    ),
    "look-alike: a clean-up over hours": Case(
        [
            exporter(
                answers(20, metro(listed=100)),
                answers(60, metro(listed=60)),
                answers(60, metro(listed=36)),
                answers(1, metro(listed=20)),
            )
        ],
        {85: [], 150: []},
    ),
    "look-alike: a restart that cannot read the metro": Case(
        [exporter(answers(30, READ), answers(1, metro(failing="unknown", listed=0)))],
        {45: []},
        about="UKCI.+",
    ),
    "look-alike: a replica that has not read it": Case(
        [
            exporter(answers(1, READ)),
            exporter(answers(1, metro(failing="unknown", listed=0)), instance="b"),
        ],
        {45: []},
    ),
    "a replica that shows what it read before": Case(
        [
            exporter(answers(30, READ), answers(1, metro(listed=0))),
            exporter(answers(30, READ), answers(1, failing("connect")), instance="b"),
        ],
        {40: [DROPPED]},
    ),
    "look-alike: from one exporter to three shards": Case(
        [
            exporter(answers(30, READ), answers(1, metro(listed=4), shard=0, shards=3)),
            *(
                exporter(
                    is_gone(30), answers(1, metro(listed=3), shard=n, shards=3), instance=str(n)
                )
                for n in (1, 2)
            ),
        ],
        {45: []},
    ),
    "look-alike: from two shards to five": Case(
        [
            exporter(
                answers(30, metro(listed=50), shard=n, shards=2) if n < 2 else is_gone(30),
                answers(1, metro(listed=20), shard=n, shards=5),
                instance=str(n),
            )
            for n in range(5)
        ],
        {45: []},
    ),
    "empty for more than a day": Case(
        [exporter(answers(1, metro(listed=0), metro("dal0")))],
        {DAY - 4: [f"{EMPTY} pending"], DAY: [EMPTY]},
        step=4,
    ),
    "look-alike: empty, and cannot be read": Case(
        [exporter(answers(1, metro(listed=0, failing="connect", last_success=1)))],
        {30: []},
        about="UKCMetroE.+",
    ),
    "look-alike: one shard has none": Case(
        [
            exporter(answers(1, metro(listed=n), shard=n, shards=2), instance=str(n))
            for n in range(2)
        ],
        {30: []},
    ),
}

ITSELF = {
    "skewed": Case(
        [exporter(answers(10, READ), answers(30, metro(skew=-90)), answers(1, READ))],
        {9: [], 10: [f"{SKEWED} pending"], 24: [f"{SKEWED} pending"], 25: [SKEWED], 40: []},
    ),
    "look-alike: skewed: by less than a slow answer": Case(
        [exporter(answers(10, metro(skew=50), metro("dal0", skew=-60)))], {30: []}
    ),
    "down: does not answer": Case(
        [exporter(answers(10, READ), fails(20), answers(1, READ))],
        {9: [], 10: [f"{DOWN} pending"], 14: [f"{DOWN} pending"], 15: [DOWN], 30: []},
    ),
    "down: no target": Case(
        [exporter(answers(10, READ), is_gone(1))], {9: [], 10: [f"{DOWN} pending"], 15: [DOWN]}
    ),
    "down: of another job nobody can know": Case(
        [exporter(answers(1, READ), job="another")], {9: [DOWN]}
    ),
    "look-alike: one of two replicas answers": Case(
        [exporter(answers(1, READ)), exporter(answers(10, READ), fails(1), instance="b")], {30: []}
    ),
    "down: a shard": Case(
        [
            exporter(answers(1, READ, shard=0, shards=2)),
            exporter(answers(10, READ, shard=1, shards=2), is_gone(1), instance="b"),
        ],
        {9: [], 18: [f"{DOWN} pending"], 21: [DOWN]},
    ),
    "down: a shard that never started": Case(
        [exporter(answers(1, READ, shard=0, shards=2))], {4: [f"{DOWN} pending"], 5: [DOWN]}
    ),
    "look-alike: shards restart one after another": Case(
        [
            exporter(
                answers(10 + 3 * n, READ, shard=n, shards=3),
                fails(3),
                answers(1, READ, shard=n, shards=3),
                instance=str(n),
            )
            for n in range(3)
        ],
        dict.fromkeys(range(30), ()),
    ),
    "an internal error": Case(
        [exporter(answers(10, READ), answers(2, READ, errors=1), answers(1, READ))],
        {9: [], 10: [f"{ERROR} pending"], 11: [ERROR], 60: [ERROR], 75: []},
    ),
    "a reload that failed": Case(
        [exporter(answers(10, READ), answers(20, READ, reloaded=False), answers(1, READ))],
        {9: [], 10: [f"{RELOAD} pending"], 15: [RELOAD], 30: []},
    ),
    "a reload that failed on one of two replicas": Case(
        [
            exporter(answers(1, READ)),
            exporter(answers(1, READ, reloaded=False), instance="b"),
        ],
        {9: [RELOAD]},
    ),
    "look-alike: a reload that was mended at once": Case(
        [exporter(answers(10, READ), answers(4, READ, reloaded=False), answers(1, READ))],
        {13: [f"{RELOAD} pending"], 14: [], 20: []},
    ),
    "look-alike: all is well": Case(
        [exporter(answers(1, certificate(), certificate(metro="dal0")))],
        dict.fromkeys(range(60), ()),
    ),
}

CASES = {**UNREADABLE, **OLD_OR_INCOMPLETE, **INVENTORY, **ITSELF}


@pytest.mark.parametrize("name", CASES)
def test_alerts(name: str, evaluated: Mapping[str, Mapping[int, Sequence[str]]]) -> None:
    """At each minute of the case these alerts are there, and no other."""
    assert evaluated[name] == {
        minute: sorted(alerts) for minute, alerts in CASES[name].alerts.items()
    }
