"""Alerts about certificates whose page cannot be seen: they end for a reason, or not at all."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Final

import pytest

from tests.alerts.pages import Certificate, certificate, metro
from tests.alerts.promtool import Case
from tests.alerts.scrapes import Phase, Target, answers, exporter, fails, is_gone

pytestmark = pytest.mark.e2e

DAY: Final = 1440

HEALTHY = certificate()
ELSEWHERE = certificate(metro="dal0")
LATE, LATE_ALERT = certificate("imminent critical"), "UKCCertificateExpiryImminent critical"
OVER, OVER_ALERT = certificate("expired critical"), "UKCCertificateExpired critical"
UNKNOWN, UNKNOWN_ALERT = (
    certificate("expiry_unknown warning"),
    "UKCCertificateExpiryUnknown warning",
)
WAITS = f"{UNKNOWN_ALERT} pending"

UNREAD = metro(failing="unknown")
"""As a new process begins: it has polled nothing."""
KEPT = metro(failing="unknown", last_success=1)
"""It cannot be read, and what was read last is shown."""

case = partial(Case, about="UKCCertificate.+")

ONE_EXPORTER = {
    "failed scrapes end nothing": case(
        [exporter(answers(10, LATE), fails(2), answers(9, LATE), fails(1), answers(1, LATE))],
        dict.fromkeys(range(23), (LATE_ALERT,)),
    ),
    "failed scrapes do not start a wait again": case(
        [exporter(answers(2, UNKNOWN), fails(2), answers(1, UNKNOWN))],
        {4: [WAITS], 5: [UNKNOWN_ALERT]},
    ),
    "it does not answer": case(
        [exporter(answers(10, LATE), fails(600), answers(1, HEALTHY))],
        {9: [LATE_ALERT], 10: [LATE_ALERT], 609: [LATE_ALERT], 610: []},
    ),
    "there is no target any more: for a week": case(
        [exporter(answers(40, LATE), is_gone(8 * DAY))],
        {7 * DAY: [LATE_ALERT], 7 * DAY + 80: []},
        step=4,
    ),
    "it comes back without the certificate": case(
        [exporter(answers(10, LATE), fails(20), answers(1, metro()))], {29: [LATE_ALERT], 30: []}
    ),
    "a new process has not polled yet": case(
        [exporter(answers(10, UNKNOWN), fails(1), answers(3, UNREAD), answers(1, UNKNOWN))],
        dict.fromkeys(range(5, 20), (UNKNOWN_ALERT,)),
    ),
    "a new pod has not polled yet": case(
        [
            exporter(answers(10, UNKNOWN), is_gone(1)),
            exporter(is_gone(10), answers(3, UNREAD), answers(1, UNKNOWN), instance="b"),
        ],
        dict.fromkeys(range(5, 20), (UNKNOWN_ALERT,)),
    ),
    "deleted": case([exporter(answers(10, LATE), answers(1, metro()))], {9: [LATE_ALERT], 10: []}),
    "deleted while a scrape failed": case(
        [exporter(answers(10, LATE), fails(1), answers(1, metro()))], {10: [LATE_ALERT], 11: []}
    ),
    "the metro was taken out of the configuration": case(
        [exporter(answers(10, LATE, ELSEWHERE), answers(1, ELSEWHERE))], {9: [LATE_ALERT], 10: []}
    ),
    "the metro was taken out of the configuration by a restart": case(
        [
            exporter(
                answers(10, LATE, ELSEWHERE),
                fails(2),
                answers(1, metro("dal0", failing="unknown")),
            )
        ],
        {11: [LATE_ALERT], 12: []},
    ),
    "the API is down: what was read last is judged on": case(
        [exporter(answers(10, LATE), answers(4, KEPT, LATE), answers(1, KEPT, OVER))],
        {13: [LATE_ALERT], 14: [OVER_ALERT]},
    ),
    "the API is down: what ends by the clock ends": case(
        [exporter(answers(10, UNKNOWN), answers(1, KEPT, HEALTHY))], {9: [UNKNOWN_ALERT], 10: []}
    ),
    "the API is down, and what was read last is too old to be shown": case(
        [exporter(answers(10, LATE), answers(600, KEPT), answers(1, HEALTHY))],
        {609: [LATE_ALERT], 610: []},
    ),
    "another metro is down": case(
        [
            exporter(
                answers(10, LATE, ELSEWHERE), answers(1, metro(), metro("dal0", failing="unknown"))
            )
        ],
        {9: [LATE_ALERT], 10: []},
    ),
    "what is well has no series": case(
        [exporter(answers(10, LATE), answers(1, certificate(shown=False)))],
        {9: [LATE_ALERT], 10: []},
    ),
    "each job and each cluster for itself": case(
        [
            exporter(answers(10, LATE), answers(1, metro()), cluster="one"),
            exporter(answers(10, LATE), fails(1), cluster="two"),
            exporter(answers(1, LATE), job="another"),
        ],
        {9: [f"3 {LATE_ALERT}"], 12: [f"2 {LATE_ALERT}"]},
    ),
}

REPLICAS = {
    name: case([exporter(*a), exporter(*b, instance="b")], alerts)
    for name, a, b, alerts in (
        ("both say it: one alert", [answers(1, LATE)], [answers(1, LATE)], {9: [LATE_ALERT]}),
        (
            "one polls a minute later than the other",
            [answers(10, LATE), answers(1, HEALTHY)],
            [answers(11, LATE), answers(1, HEALTHY)],
            {10: [LATE_ALERT], 11: []},
        ),
        (
            "one that cannot read the metro does not count",
            [answers(10, HEALTHY)],
            [answers(10, KEPT, LATE)],
            {9: []},
        ),
        (
            "neither can read it: what they read last",
            [answers(10, LATE), answers(1, KEPT, LATE)],
            [answers(5, LATE), answers(1, KEPT, LATE)],
            {9: [LATE_ALERT], 14: [LATE_ALERT]},
        ),
        (
            "one is new, and the other cannot read it",
            [answers(10, LATE), answers(1, KEPT, LATE)],
            [answers(10, LATE), answers(1, UNREAD)],
            {9: [LATE_ALERT], 14: [LATE_ALERT]},
        ),
        (
            "deleted while one is away",
            [answers(10, LATE), answers(1, metro())],
            [answers(5, LATE), fails(1)],
            {9: [LATE_ALERT], 10: []},
        ),
        (
            "one is away",
            [answers(1, UNKNOWN)],
            [answers(5, UNKNOWN), is_gone(1)],
            {4: [WAITS], 5: [UNKNOWN_ALERT], 9: [UNKNOWN_ALERT]},
        ),
    )
}

MINE, THEIRS = certificate("imminent critical", name="a"), certificate("expired critical", name="b")
MINE_WELL, THEIRS_WELL = certificate(name="a"), certificate(name="b")


def one_of_two(shard: int, *phases: Phase | tuple[int, *tuple[Certificate, ...]]) -> Target:
    """A shard in its phases; of what it shows only the minutes and the certificates are given."""
    shown = (
        phase
        if isinstance(phase, Phase)
        else answers(phase[0], metro(), *phase[1:], shard=shard, shards=2)
        for phase in phases
    )
    return exporter(*shown, instance=str(shard))


of_two = partial(answers, shard=1, shards=2)

SHARDS = {
    name: case([one_of_two(0, *first), one_of_two(1, *second)], alerts)
    for name, first, second, alerts in (
        (
            "both are seen",
            [(10, MINE), (1,)],
            [(10, THEIRS), (1,)],
            {9: [OVER_ALERT, LATE_ALERT], 10: []},
        ),
        (
            "one does not answer: what it said last, and what the other says now",
            [(15, MINE), (1, MINE_WELL)],
            [(10, THEIRS), fails(100)],
            {14: [OVER_ALERT, LATE_ALERT], 15: [OVER_ALERT], 90: [OVER_ALERT]},
        ),
        (
            "one is no target any more",
            [(1, MINE)],
            [(10, THEIRS), is_gone(1)],
            {9: [OVER_ALERT, LATE_ALERT], 40: [OVER_ALERT, LATE_ALERT]},
        ),
        (
            "one has not polled yet",
            [(15, MINE), (1, MINE_WELL)],
            [(10, THEIRS), fails(1), of_two(9, UNREAD), (1, THEIRS_WELL)],
            {10: [OVER_ALERT, LATE_ALERT], 16: [OVER_ALERT], 19: [OVER_ALERT], 20: []},
        ),
        (
            "one cannot read the metro, and shows what it read last",
            [(1, MINE)],
            [(10, THEIRS), of_two(1, KEPT, THEIRS_WELL)],
            {9: [OVER_ALERT, LATE_ALERT], 10: [LATE_ALERT]},
        ),
        (
            "deleted while the other is away: nobody can tell before that is back",
            [(15, MINE), (1,)],
            [(10,), fails(10), (1,)],
            {19: [LATE_ALERT], 20: []},
        ),
        (
            "the metro was taken out of the configuration of both",
            [(10, MINE), answers(1, ELSEWHERE, shard=0, shards=2)],
            [(10, THEIRS), of_two(1, ELSEWHERE)],
            {9: [OVER_ALERT, LATE_ALERT], 10: []},
        ),
    )
}


def resharded(before: int, after: int, order: Sequence[int], gap: int) -> list[Target]:
    """Shards that restart in this order as another number of them, `gap` minutes apart.

    A shard has the certificates that its number and the total give it; each needs attention.
    """

    def shown(minutes: int, shard: int, total: int) -> Phase:
        share = [
            certificate("expiry_unknown warning", name=f"c{n}")
            for n in range(before * after)
            if n % total == shard
        ]
        return answers(minutes, *share, shard=shard, shards=total)

    return [
        exporter(
            shown(10 + gap * place, shard, before) if shard < before else is_gone(10 + gap * place),
            fails(2),
            answers(1, UNREAD, shard=shard, shards=after),
            shown(1, shard, after),
            instance=str(shard),
        )
        if shard < after
        else exporter(shown(10 + gap * place, shard, before), is_gone(1), instance=str(shard))
        for place, shard in enumerate(order)
    ]


CHANGES_OF_NUMBER = {
    f"from {before} to {after} shards, {gap} min apart, in the order {order}": case(
        resharded(before, after, order, gap),
        dict.fromkeys(range(5, 40), (f"{before * after} {UNKNOWN_ALERT}",)),
    )
    for before, after in ((3, 2), (2, 3), (3, 1), (1, 3))
    for order in permutations(range(3))
    for gap in (0, 5)
}

CASES = {**ONE_EXPORTER, **REPLICAS, **SHARDS, **CHANGES_OF_NUMBER}


@pytest.mark.parametrize("name", CASES)
def test_alerts(name: str, evaluated: Mapping[str, Mapping[int, Sequence[str]]]) -> None:
    """At each minute of the case these alerts are there, and no other."""
    assert evaluated[name] == {
        minute: sorted(alerts) for minute, alerts in CASES[name].alerts.items()
    }
