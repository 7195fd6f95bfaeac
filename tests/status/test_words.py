"""What is said to people."""

from typing import Any

import pytest

from exporter.config import Expiry, Thresholds
from exporter.errors import REASONS
from exporter.judgement import REASONS as JUDGED
from exporter.status.words import (
    MENDS,
    ahead,
    count,
    duration,
    limits,
    message,
    plain,
    runbook_url,
    since,
    span,
)
from tests.world.builders import DAY, NOT_AFTER, certificate


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0 s"),
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (47.9 * 3600, "47 h"),
        (2 * DAY, "2 d"),
        (729 * DAY, "729 d"),
        (731 * DAY, "2 y"),
    ],
)
def test_a_span_is_never_longer_than_it_is(seconds: float, expected: str) -> None:
    """Rounded down, in its largest unit."""
    assert expected == span(seconds)


def test_past_future_and_number() -> None:
    """As a person says them."""
    assert ("12 s ago", "in 5 min", "now") == (since(12), ahead(300), ahead(-3))
    assert ("1 metro", "1,234 metros") == (count(1, "metro"), count(1234, "metro"))


MENDED_BY = {
    "unauthorized": "Put a valid token",
    "forbidden": "Use a token of the account that owns them",
    "not_found": "Check the metro's code or url",
    "rate_limited": "max_requests_per_minute",
    "server_error": "is asked again",
    "timeout": "set a longer timeout",
    "connect": "DNS, firewall and proxy_url",
    "tls": "name its CA in ca_file",
    "undecodable": "not to a login page",
    "too_large": "Set a higher limit, or fetch: batched",
    "other": "report a bug",
}


@pytest.mark.parametrize("reason", REASONS)
def test_each_failure_names_its_mend(reason: str) -> None:
    """And a section of the runbook that says more."""
    assert MENDED_BY[reason] in MENDS[reason]
    assert "/docs/runbook.md#ukc" in runbook_url(reason)


@pytest.mark.parametrize(
    ("reason", "facts", "expected"),
    [
        ("expired", {"not_after": NOT_AFTER - 3 * DAY}, "Expired 3 d ago"),
        ("imminent", {"not_after": NOT_AFTER + 19 * 3600}, "Expires in 19 h"),
        ("renewal_overdue", {}, "The platform should have renewed it by now"),
        ("expiring_soon", {}, "Must be renewed by hand"),
        ("failed", {}, "Renewal failed; the platform does not try again"),
        ("failed", {"not_after": None}, "Issuance failed; the platform does not try again"),
        ("never_issued", {"created_at": NOT_AFTER - 7200}, "Requested 2 h ago, never issued"),
        ("never_issued", {"created_at": None}, "Never issued"),
        (
            "validation_retrying",
            {"attempts": 5, "next_attempt": NOT_AFTER + 300},
            "Domain validation was attempted 5 times; the next attempt is in 5 min",
        ),
        (
            "validation_retrying",
            {"attempts": 5},
            "Domain validation was attempted 5 times",
        ),
        ("expiry_unknown", {}, "The API does not tell when it expires"),
        ("not_yet_valid", {"not_before": NOT_AFTER + 4 * DAY}, "Becomes valid in 4 d"),
        ("unused", {}, "Valid, but no service uses it"),
    ],
)
def test_each_reason_in_words(reason: str, facts: dict[str, Any], expected: str) -> None:
    """Of the judgement."""
    assert expected == message(reason, certificate(**facts), NOT_AFTER)


def test_every_reason_has_words() -> None:
    """Each row of the table."""
    assert all(message(reason.name, certificate(), NOT_AFTER) for reason in JUDGED)


def test_the_limits_in_force() -> None:
    """Those of the configuration, not those of the documentation."""
    told = limits(Thresholds(automatic=Expiry(0.3, 0.1), manual=Expiry(14 * DAY, 2 * DAY)))

    assert told["automatic renewal"].startswith("warning with 30%, critical with 10%")
    assert told["manual renewal"].startswith("warning 14d, critical 2d before expiry")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("ConnectError: [Errno -2] Name or service not known", "Name or service not known"),
        ("ConnectError: All connection attempts failed", "All connection attempts failed"),
        ("ReadError", "ReadError"),
        ("the API answered 401: no", "the API answered 401: no"),
        ("KeyError at file.py:3: 'x'", "KeyError at file.py:3: 'x'"),
    ],
)
def test_an_error_without_the_name_of_its_class(error: str, expected: str) -> None:
    """Where a library gives it one, and says more."""
    assert expected == plain(error)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, "0s"), (90.5, "1m30s500ms"), (604800, "7d"), (3600, "1h")]
)
def test_a_duration_is_whole(seconds: float, expected: str) -> None:
    """As the configuration has it."""
    assert expected == duration(seconds)
