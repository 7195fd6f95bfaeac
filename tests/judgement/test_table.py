"""Section 4 of the design as a table: facts and a moment in, reasons out."""

from typing import Any

import pytest

from exporter.api.model import ServiceGroup
from exporter.config import Expiry, Patience, Thresholds
from exporter.judgement import COLOURS, PAIRS, REASONS, Policy, judge
from tests.world.builders import DAY, NOT_AFTER, certificate

HOUR = 3600
UNUSED: dict[str, Any] = {"service_groups": ()}
UNKNOWN_USE: dict[str, Any] = {"service_groups": None}
MANUAL = {"name": "uploaded"}
NEVER = {
    "state": "pending",
    "not_before": None,
    "not_after": None,
    "subject": "",
    "issuer": "",
    "serial_number": "",
    "created_at": NOT_AFTER,
    "first_seen": NOT_AFTER,
}
LIFETIME = 90 * DAY
LONG = {"not_before": NOT_AFTER - 400 * DAY, "created_at": NOT_AFTER - 400 * DAY}
SHORT = {"not_before": NOT_AFTER - 6 * DAY, "created_at": NOT_AFTER - 6 * DAY}


def reasons(now: float, policy: Policy = Policy(), **facts: Any) -> set[tuple[str, str]]:
    """What is said of the specification's certificate with these facts at `now`."""
    return set(
        judge(
            (certificate(**{"not_before": NOT_AFTER - LIFETIME, **facts}),), now, policy=policy
        ).attention.get(0, ())
    )


CRITICAL, WARNING, INFO = "critical", "warning", "info"
BEFORE = NOT_AFTER - 60 * DAY


@pytest.mark.parametrize(
    ("seconds_left", "facts", "expected", "unused"),
    [
        # automatic: a quarter and a tenth of the lifetime
        pytest.param(22.6 * DAY, {}, "", "", id="automatic, healthy"),
        pytest.param(22.5 * DAY, {}, "", "", id="automatic, at the limit"),
        pytest.param(22.4 * DAY, {}, "renewal_overdue warning", "renewal_overdue warning"),
        pytest.param(9 * DAY, {}, "renewal_overdue warning", "renewal_overdue warning"),
        pytest.param(8.9 * DAY, {}, "imminent critical", "renewal_overdue warning"),
        pytest.param(1, {}, "imminent critical", "renewal_overdue warning"),
        pytest.param(0, {}, "expired critical", "expired warning"),
        pytest.param(-400 * DAY, {}, "expired critical", "expired warning"),
        # short-lived
        pytest.param(1.6 * DAY, SHORT, "", "", id="six days, healthy"),
        pytest.param(1.4 * DAY, SHORT, "renewal_overdue warning", "renewal_overdue warning"),
        pytest.param(0.5 * DAY, SHORT, "imminent critical", "renewal_overdue warning"),
        # manual: 30 and 7 days, at most a third and a tenth
        pytest.param(31 * DAY, MANUAL | LONG, "", "", id="manual, healthy"),
        pytest.param(29 * DAY, MANUAL | LONG, "expiring_soon warning", "expiring_soon warning"),
        pytest.param(8 * DAY, MANUAL | LONG, "expiring_soon warning", "expiring_soon warning"),
        pytest.param(6 * DAY, MANUAL | LONG, "imminent critical", "expiring_soon warning"),
        pytest.param(3 * DAY, MANUAL | SHORT, "", "", id="manual and short-lived, healthy"),
        pytest.param(1.9 * DAY, MANUAL | SHORT, "expiring_soon warning", "expiring_soon warning"),
        pytest.param(0.5 * DAY, MANUAL | SHORT, "imminent critical", "expiring_soon warning"),
        # of unknown lifetime
        pytest.param(31 * DAY, {"not_before": None}, "", "", id="unknown lifetime, healthy"),
        pytest.param(
            29 * DAY, {"not_before": None}, "expiring_soon warning", "expiring_soon warning"
        ),
        pytest.param(6 * DAY, {"not_before": None}, "imminent critical", "expiring_soon warning"),
        pytest.param(
            29 * DAY,
            {"not_before": None, "validation_seen": True},
            "renewal_overdue warning",
            "renewal_overdue warning",
            id="automatic of unknown lifetime",
        ),
        # whatever the state
        pytest.param(-1, {"state": "pending"}, "expired critical", "expired warning"),
        pytest.param(-1, {"state": "revoked"}, "expired critical", "expired warning"),
        pytest.param(-1, {"state": ""}, "expired critical", "expired warning"),
    ],
)
def test_expiry(seconds_left: float, facts: dict[str, Any], expected: str, unused: str) -> None:
    """The first ladder; unknown use is use."""
    now = NOT_AFTER - seconds_left

    def ladder(**use: Any) -> str:
        given = reasons(now, **facts, **use)
        return " ".join(next((g for g in given if g[0] in EXPIRY), ()))

    assert (ladder(), ladder(**UNKNOWN_USE), ladder(**UNUSED)) == (expected, expected, unused)


EXPIRY = [reason.name for reason in REASONS if reason.ladder == "expiry"]


RETRYING = "validation_retrying warning"


@pytest.mark.parametrize(
    ("age", "facts", "expected", "unused"),
    [
        pytest.param(0, {}, "", "", id="just requested"),
        pytest.param(899, {}, "", ""),
        pytest.param(900, {}, "never_issued warning", "never_issued warning"),
        pytest.param(3599, {}, "never_issued warning", "never_issued warning"),
        pytest.param(3600, {}, "never_issued critical", "never_issued warning"),
        pytest.param(3600, {"state": "rejected"}, "never_issued critical", "never_issued warning"),
        pytest.param(3600, {"state": ""}, "never_issued critical", "never_issued warning"),
        pytest.param(0, {"attempts": 2}, "", "", id="second attempt"),
        pytest.param(
            0, {"attempts": 3}, "validation_retrying warning", "validation_retrying warning"
        ),
        pytest.param(3600, {"attempts": 3}, "never_issued critical", "never_issued warning"),
        pytest.param(0, {"attempts": None}, "", "", id="attempts that cannot be read"),
        pytest.param(0, {"state": "error"}, "failed critical", "failed warning"),
        pytest.param(3600, {"created_at": None}, "never_issued critical", "never_issued warning"),
        pytest.param(
            3600,
            {"created_at": NOT_AFTER + 400 * DAY},
            "never_issued critical",
            "never_issued warning",
            id="created in the future",
        ),
        pytest.param(
            DAY,
            {"created_at": NOT_AFTER - 7 * DAY},
            "never_issued critical",
            "never_issued warning",
            id="seven days before it was first seen",
        ),
        pytest.param(
            DAY,
            {"created_at": NOT_AFTER - 7 * DAY - 1},
            "expiry_unknown warning",
            "expiry_unknown warning",
            id="a renewal whose dates are not told",
        ),
        pytest.param(
            DAY,
            {"created_at": NOT_AFTER - 8 * DAY, "attempts": 3},
            "expiry_unknown warning, validation_retrying warning",
            "expiry_unknown warning, validation_retrying warning",
        ),
        pytest.param(
            DAY,
            {"created_at": NOT_AFTER - 8 * DAY, "state": "rejected"},
            "never_issued critical",
            "never_issued warning",
            id="a state of the future is no renewal",
        ),
        pytest.param(
            DAY,
            {"created_at": NOT_AFTER - 8 * DAY, "told_unissued": True},
            "never_issued critical",
            "never_issued warning",
            id="told to have no expiry",
        ),
        pytest.param(DAY, {"state": "valid"}, "expiry_unknown warning", "expiry_unknown warning"),
    ],
)
def test_what_was_never_issued(
    age: float, facts: dict[str, Any], expected: str, unused: str
) -> None:
    """The second ladder, whatever the state but `error` is called."""

    def said(**use: Any) -> str:
        given = reasons(NOT_AFTER + age, **{**NEVER, **facts, **use})
        return ", ".join(" ".join(pair) for pair in sorted(given))

    assert (said(), said(**UNKNOWN_USE), said(**UNUSED)) == (expected, expected, unused)


@pytest.mark.parametrize(
    ("days_left", "facts", "expected"),
    [
        pytest.param(60, {}, {("failed", WARNING)}, id="time is left"),
        pytest.param(30, {}, {("failed", WARNING)}, id="a third"),
        pytest.param(29, {}, {("failed", CRITICAL)}, id="less than a third"),
        pytest.param(29, UNUSED, {("failed", WARNING)}, id="unused"),
        pytest.param(60, {"not_before": None}, {("failed", CRITICAL)}, id="unknown lifetime"),
        pytest.param(5, {}, {("failed", CRITICAL), ("imminent", CRITICAL)}, id="two ladders"),
        pytest.param(60, {"attempts": 9}, {("failed", WARNING)}, id="nothing is attempted"),
    ],
)
def test_a_renewal_that_failed(
    days_left: float, facts: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    """Critical once there is little time left."""
    assert reasons(NOT_AFTER - days_left * DAY, **{"state": "error", **facts}) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param({}, set(), id="in use"),
        pytest.param(UNKNOWN_USE, set(), id="may be in use"),
        pytest.param(UNUSED, {("unused", INFO)}, id="unused"),
        pytest.param({**UNUSED, "state": "pending"}, set(), id="unused and not valid"),
        pytest.param({"not_before": BEFORE + 300}, set(), id="five minutes ahead"),
        pytest.param({"not_before": BEFORE + 301}, {("not_yet_valid", WARNING)}, id="not yet"),
        pytest.param({"not_before": BEFORE + 301, **UNUSED}, {("not_yet_valid", WARNING)}),
        pytest.param({"not_before": NOT_AFTER + 9}, {("not_yet_valid", WARNING)}, id="never"),
        pytest.param({"not_after": None}, {("expiry_unknown", WARNING)}, id="no expiry"),
        pytest.param({"not_after": None, **UNUSED}, {("expiry_unknown", WARNING)}),
    ],
)
def test_oddities(facts: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    """The third ladder."""
    assert reasons(BEFORE, **facts) == expected


USED = (ServiceGroup("u", "u"),)


@pytest.mark.parametrize(
    ("one", "other", "superseded"),
    [
        pytest.param({**UNUSED}, {"not_after": NOT_AFTER + 1}, True, id="longer"),
        pytest.param({**UNUSED}, {"not_after": NOT_AFTER + 1, **UNUSED}, True, id="unused too"),
        pytest.param({**UNUSED}, {}, True, id="as long and in use"),
        pytest.param({**UNUSED}, {**UNKNOWN_USE}, True, id="as long and maybe in use"),
        pytest.param({**UNUSED}, {**UNUSED}, False, id="as long and unused"),
        pytest.param({**UNUSED}, {"not_after": NOT_AFTER - 1}, False, id="shorter"),
        pytest.param({**UNUSED}, {"not_after": None, **NEVER}, False, id="never issued"),
        pytest.param({}, {"not_after": NOT_AFTER + 1}, False, id="in use"),
        pytest.param({**UNKNOWN_USE}, {"not_after": NOT_AFTER + 1}, False, id="maybe in use"),
        pytest.param(
            {**UNUSED}, {"not_after": NOT_AFTER + 1, "common_name": "b"}, False, id="a stranger"
        ),
        pytest.param(
            {**UNUSED, "common_name": ""},
            {"not_after": NOT_AFTER + 1, "common_name": ""},
            False,
            id="nothing joins strangers",
        ),
    ],
)
def test_superseded(one: dict[str, Any], other: dict[str, Any], superseded: bool) -> None:
    """Nothing on the ladders is said of one whose place another has taken."""
    pair = (certificate(**one), certificate(**{"uuid": "b", "name": "b", **other}))
    got = judge(pair, NOT_AFTER + 1)

    assert (0 not in got.attention) == superseded
    assert (1 in judge(pair[::-1], NOT_AFTER + 1).attention) == (not superseded)


@pytest.mark.parametrize(
    ("thresholds", "now", "facts", "expected"),
    [
        (Thresholds(automatic=Expiry(0.5, 0.1)), NOT_AFTER - 44 * DAY, {}, "renewal_overdue"),
        (Thresholds(automatic=Expiry(0.5, 0.4)), NOT_AFTER - 35 * DAY, {}, "imminent"),
        (Thresholds(manual=Expiry(14 * DAY, 7 * DAY)), NOT_AFTER - 15 * DAY, MANUAL | LONG, ""),
        (
            Thresholds(manual=Expiry(14 * DAY, 7 * DAY)),
            NOT_AFTER - 13 * DAY,
            MANUAL | LONG,
            "expiring_soon",
        ),
        (Thresholds(never_issued=Patience(60, 120)), NOT_AFTER + 61, NEVER, "never_issued"),
        (
            Thresholds(validation_attempts=1),
            NOT_AFTER,
            {**NEVER, "attempts": 1},
            "validation_retrying",
        ),
    ],
)
def test_thresholds(
    thresholds: Thresholds, now: float, facts: dict[str, Any], expected: str
) -> None:
    """Every limit of the table is the operator's."""
    assert {r for r, _ in reasons(now, Policy(thresholds), **facts)} == ({expected} - {""})


def test_the_table_holds_together() -> None:
    """Names and alerts are unique; every severity has a colour; the pairs are the table's."""
    assert len({r.name for r in REASONS}) == len({r.alert for r in REASONS}) == len(REASONS)
    assert {s for r in REASONS for s in r.severities} == set(COLOURS)
    assert [reason for reason, _ in PAIRS] == [r.name for r in REASONS for _ in r.severities]
    assert len(PAIRS) == 13
    assert all(reason.in_use or reason.unused for reason in REASONS)
