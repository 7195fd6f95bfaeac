"""Alerts about certificates that are seen: what the pages say, from one minute to the next."""

from collections.abc import Mapping, Sequence
from typing import Final

import pytest

from tests.alerts.pages import Certificate, certificate, metro
from tests.alerts.promtool import Case
from tests.alerts.scrapes import answers, exporter, fails

pytestmark = pytest.mark.e2e

DAY: Final = 1440

HEALTHY = certificate()
SOON = "UKCCertificateExpiringSoon warning"
IMMINENT = "UKCCertificateExpiryImminent critical"
EXPIRED = "UKCCertificateExpired critical"
PENDING = "UKCCertificateIssuancePending"
UNKNOWN = "UKCCertificateExpiryUnknown warning"
UNUSED = "UKCCertificateUnused info"
OMITTED = "UKCOmittedCertificates"
DRIFT = "UKCCertificateDrift warning"
DOWN = "UKCExporterDown critical pending"

AT_ONCE = {
    "expired critical": EXPIRED,
    "expired warning": "UKCCertificateExpired warning",
    "imminent critical": IMMINENT,
    "renewal_overdue warning": "UKCCertificateRenewalOverdue warning",
    "expiring_soon warning": SOON,
    "failed critical": "UKCCertificateError critical",
    "failed warning": "UKCCertificateError warning",
    "never_issued critical": f"{PENDING} critical",
    "never_issued warning": f"{PENDING} warning",
    "validation_retrying warning": "UKCCertificateValidationRetrying warning",
}
AFTER_FIVE_MINUTES = {
    "expiry_unknown warning": UNKNOWN,
    "not_yet_valid warning": "UKCCertificateNotYetValid warning",
}


def upload(place: str, days: float, **more: str) -> Certificate:
    """A wildcard in a metro, uploaded there, that expires after so many days."""
    labels = {"name": "wild", "common_name": "*.example.com", "renewal": "manual", **more}
    return certificate(metro=place, not_after=days * 86_400, **labels)  # type: ignore[arg-type]


FRA, DAL = upload("fra0", 300), upload("dal0", 60)

REASONS = {
    **{
        f"{need}: at once, and only while it applies": Case(
            [exporter(answers(10, HEALTHY), answers(10, certificate(need)), answers(1, HEALTHY))],
            {9: [], 10: [alert], 19: [alert], 20: []},
        )
        for need, alert in AT_ONCE.items()
    },
    **{
        f"{need}: after five minutes": Case(
            [exporter(answers(10, HEALTHY), answers(10, certificate(need)), answers(1, HEALTHY))],
            {9: [], 10: [f"{alert} pending"], 14: [f"{alert} pending"], 15: [alert], 20: []},
        )
        for need, alert in AFTER_FIVE_MINUTES.items()
    },
    **{
        f"look-alike, {need}: gone within five minutes": Case(
            [exporter(answers(10, HEALTHY), answers(4, certificate(need)), answers(1, HEALTHY))],
            {13: [f"{alert} pending"], 20: []},
        )
        for need, alert in AFTER_FIVE_MINUTES.items()
    },
    "unused: after a week": Case(
        [exporter(answers(40, HEALTHY), answers(8 * DAY, certificate("unused info")), answers(4))],
        {36: [], 40: [f"{UNUSED} pending"], 7 * DAY + 36: [f"{UNUSED} pending"]}
        | {7 * DAY + 40: [UNUSED]},
        step=4,
    ),
    "look-alike: a reason that no rule knows": Case(
        [exporter(answers(10, certificate("revoked critical")))], {10: []}
    ),
    "one alert follows another, and none ends before": Case(
        [
            exporter(
                answers(10, certificate("expiring_soon warning")),
                answers(10, certificate("imminent critical")),
                answers(10, certificate("expired critical")),
            )
        ],
        {9: [SOON], 10: [IMMINENT], 19: [IMMINENT], 20: [EXPIRED], 29: [EXPIRED]},
    ),
    "a warning becomes critical": Case(
        [
            exporter(
                answers(10, certificate("never_issued warning")),
                answers(10, certificate("never_issued critical")),
            )
        ],
        {9: [f"{PENDING} warning"], 10: [f"{PENDING} critical"]},
    ),
    "one reason of each ladder": Case(
        [exporter(answers(1, certificate("expired critical", "failed critical")))],
        {5: ["UKCCertificateError critical", EXPIRED]},
    ),
    "each certificate has its own": Case(
        [
            exporter(
                answers(
                    10,
                    certificate("expired critical", common_name=""),
                    certificate("expired critical", name="shop"),
                    certificate("expired critical", metro="dal0"),
                    certificate("imminent critical", account="other"),
                    certificate(name="well"),
                )
            )
        ],
        {5: [f"3 {EXPIRED}", IMMINENT]},
    ),
}

WITHOUT_SERIES = {
    "none has series": Case(
        [
            exporter(
                answers(10, certificate(shown=False)),
                answers(10, certificate("expired critical", shown=False)),
                answers(1, certificate(shown=False)),
            )
        ],
        {9: [], 10: [f"{OMITTED} critical pending"], 15: [f"{OMITTED} critical"], 26: []},
    ),
    "some have none": Case(
        [
            exporter(
                answers(
                    1,
                    certificate("failed warning"),
                    certificate("failed warning", name="shop", shown=False),
                )
            )
        ],
        {10: ["UKCCertificateError warning", f"{OMITTED} warning"]},
    ),
    "a failed scrape changes nothing": Case(
        [
            exporter(
                answers(2, certificate("expired critical", shown=False)),
                fails(2),
                answers(4, certificate("expired critical", shown=False)),
                fails(2),
                answers(1, certificate("expired critical", shown=False)),
            )
        ],
        {5: [f"{OMITTED} critical"], 8: [DOWN, f"{OMITTED} critical"], 10: [f"{OMITTED} critical"]},
    ),
    "two replicas: one alert": Case(
        [
            exporter(answers(1, certificate("expired critical", shown=False)), instance=replica)
            for replica in "ab"
        ],
        {10: [f"{OMITTED} critical"]},
    ),
    "look-alike: a replica that cannot read the metro counts what it read last": Case(
        [
            exporter(answers(1, certificate(shown=False))),
            exporter(
                answers(
                    1,
                    metro(failing="connect", last_success=1),
                    certificate("expired critical", shown=False),
                ),
                instance="b",
            ),
        ],
        {10: []},
    ),
    "look-alike: each has series of its own": Case(
        [exporter(answers(1, certificate("expired critical"), certificate(name="well")))],
        {10: [EXPIRED]},
    ),
    "look-alike: nothing to do about one that nothing uses": Case(
        [exporter(answers(1, certificate("unused info", shown=False)))], {10: []}
    ),
}

WAITS = f"{DRIFT} pending"
DRIFTS = {
    "for a day": Case(
        [
            exporter(
                answers(40, FRA, upload("dal0", 300)),
                answers(400, FRA, DAL),
                fails(8),
                answers(400, FRA, DAL),
                fails(4),
                answers(20, metro(failing="unknown"), metro("dal0", failing="unknown")),
                answers(1, FRA, DAL),
            )
        ],
        # Neither failed scrapes nor a restart start the day again.
        {36: [], 40: [WAITS], DAY + 36: [WAITS], DAY + 40: [DRIFT]},
        step=4,
    ),
    "replaced in the other metro too": Case(
        [exporter(answers(10, FRA, DAL), answers(1, FRA, upload("dal0", 300)))],
        {9: [WAITS], 10: []},
    ),
    "deleted in one metro: ends within the hour": Case(
        [exporter(answers(10, FRA, DAL), answers(1, FRA, metro("dal0")))],
        {68: [WAITS], 70: []},
    ),
    "replaced, and left beside its successor": Case(
        [exporter(answers(1, FRA, upload("fra0", 9, name="old"), upload("dal0", 300)))], {9: []}
    ),
    **{
        f"look-alike: {name}": Case([exporter(answers(1, *certificates))], {9: []})
        for name, certificates in {
            "issued by the platform": [
                certificate(not_after=1e6),
                certificate(not_after=2e6, metro="dal0"),
            ],
            "less than an hour apart": [FRA, upload("dal0", 300.04)],
            "two accounts": [FRA, upload("dal0", 60, account="other")],
            "two domains": [FRA, upload("dal0", 60, common_name="*.example.org")],
            "without a common name": [
                upload("fra0", 300, common_name=""),
                upload("dal0", 60, common_name=""),
            ],
            "in one metro": [FRA, upload("fra0", 60, name="other")],
        }.items()
    },
}

CASES = {**REASONS, **WITHOUT_SERIES, **DRIFTS}


@pytest.mark.parametrize("name", CASES)
def test_alerts(name: str, evaluated: Mapping[str, Mapping[int, Sequence[str]]]) -> None:
    """At each minute of the case these alerts are there, and no other."""
    assert evaluated[name] == CASES[name].alerts
